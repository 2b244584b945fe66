package ai.realm.server.sse;

import ai.realm.runtime.session.RequestContext;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stream of server-sent events. Thread-safe. */
public final class SseStream extends PieceStream {
    private static final byte[] EVENT = "event: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    /**
     * One event.
     *
     * @param name null for none
     * @param json its data, without line breaks
     */
    public record Event(@Nullable String name, byte[] json) {}

    public SseStream(HttpServletResponse response, RequestContext context) {
        super(response, context, "text/event-stream;charset=utf-8");
    }

    /** Sends one event whose data is this JSON, which has no line breaks. */
    public void event(byte[] json) {
        events(json);
    }

    /** Sends several events in one write. */
    public void events(byte[]... payloads) {
        events(Arrays.stream(payloads).map(json -> new Event(null, json)).toList());
    }

    /** Sends several events, which may have names, in one write. */
    public void events(List<Event> events) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        for (Event e : events) {
            if (e.name != null) {
                bytes.writeBytes(EVENT);
                bytes.writeBytes(e.name.getBytes(StandardCharsets.US_ASCII));
                bytes.write('\n');
            }
            bytes.writeBytes(DATA);
            bytes.writeBytes(e.json);
            bytes.writeBytes(END);
        }
        send(bytes);
    }

    /** Sends the last event of a stream that ended well. */
    public void done() {
        event(DONE);
    }
}
