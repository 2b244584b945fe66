package ai.realm.server.sse;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A stream of server-sent events, committed (status 200 and headers sent) with its first. Every event is flushed; a client that
 * reads slowly makes the writer wait, one that has gone cancels the request. Thread-safe.
 */
public final class SseStream {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    private final HttpServletResponse response;
    private final RequestContext context;
    private @Nullable OutputStream out;

    public SseStream(HttpServletResponse response, RequestContext context) {
        this.response = response;
        this.context = context;
    }

    /** Whether an event was sent: from then on the status cannot be changed. */
    public synchronized boolean committed() {
        return out != null;
    }

    /** Sends one event whose data is this JSON, which has no line breaks. */
    public void event(byte[] json) {
        events(json);
    }

    /** Sends several events in one write. */
    public synchronized void events(byte[]... payloads) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
            for (byte[] json : payloads) {
                bytes.write(DATA);
                bytes.write(json);
                bytes.write(END);
            }
            OutputStream to = open();
            bytes.writeTo(to);
            to.flush();
        } catch (IOException e) {
            context.cancel(ErrorCode.CANCELLED, "the client has gone, or read nothing for too long");
            throw new RealmException(ErrorCode.CANCELLED, "the client has gone, or read nothing for too long", e);
        }
    }

    /** Sends the last event of a stream that ended well. */
    public void done() {
        event(DONE);
    }

    private OutputStream open() throws IOException {
        OutputStream to = out;
        if (to == null) {
            response.setStatus(200);
            response.setContentType("text/event-stream;charset=utf-8");
            response.setHeader("Cache-Control", "no-cache");
            // Proxies that buffer would turn a stream into one late answer.
            response.setHeader("X-Accel-Buffering", "no");
            to = response.getOutputStream();
            out = to;
        }
        return to;
    }
}
