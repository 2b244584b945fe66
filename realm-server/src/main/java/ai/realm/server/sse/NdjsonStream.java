package ai.realm.server.sse;

import ai.realm.runtime.session.RequestContext;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;

/** A stream of JSON values, one a line. Thread-safe. */
public final class NdjsonStream extends PieceStream {
    public NdjsonStream(HttpServletResponse response, RequestContext context) {
        super(response, context, "application/x-ndjson");
    }

    /** Sends one value, whose JSON has no line breaks. */
    public void line(byte[] json) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(json.length + 1);
        bytes.writeBytes(json);
        bytes.write('\n');
        send(bytes);
    }
}
