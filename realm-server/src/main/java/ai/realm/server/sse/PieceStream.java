package ai.realm.server.sse;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * An answer sent in pieces, committed (status 200 and headers sent) with its first. Every piece is flushed; a client that reads
 * slowly makes the writer wait, one that has gone cancels the request. Thread-safe.
 */
public abstract class PieceStream {
    private static final String GONE = "the client has gone, or read nothing for too long";

    private final HttpServletResponse response;
    private final RequestContext context;
    private final String contentType;
    private @Nullable OutputStream out;

    PieceStream(HttpServletResponse response, RequestContext context, String contentType) {
        this.response = response;
        this.context = context;
        this.contentType = contentType;
    }

    /** Whether a piece was sent: from then on the status cannot be changed. */
    public final synchronized boolean committed() {
        return out != null;
    }

    final synchronized void send(ByteArrayOutputStream bytes) {
        try {
            OutputStream to = open();
            bytes.writeTo(to);
            to.flush();
        } catch (IOException e) {
            context.cancel(ErrorCode.CANCELLED, GONE);
            throw new RealmException(ErrorCode.CANCELLED, GONE, e);
        }
    }

    private OutputStream open() throws IOException {
        OutputStream to = out;
        if (to == null) {
            response.setStatus(200);
            response.setContentType(contentType);
            response.setHeader("Cache-Control", "no-cache");
            // Proxies that buffer would turn a stream into one late answer.
            response.setHeader("X-Accel-Buffering", "no");
            to = response.getOutputStream();
            out = to;
        }
        return to;
    }
}
