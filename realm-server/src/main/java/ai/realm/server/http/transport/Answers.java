package ai.realm.server.http.transport;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.error.HttpError;
import ai.realm.server.error.RetryableException;
import ai.realm.server.http.json.Json;
import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.eclipse.jetty.io.EndPoint;

/** How answers that are one JSON value are written, errors among them. Thread-safe. */
public final class Answers {
    private static final String BODY_READ = "realm.body-read";
    private static final String ERROR_SHAPE = "realm.error-shape";

    private final BodyReader bodies;

    public Answers(BodyReader bodies) {
        this.bodies = bodies;
    }

    /** The request's body, read whole within a size. */
    public byte[] body(Context ctx, int maxBytes) {
        byte[] body = bodies.read(ctx.req(), maxBytes);
        ctx.attribute(BODY_READ, true);
        return body;
    }

    public void json(Context ctx, int status, Object value) {
        ctx.status(status).contentType("application/json").result(Json.bytes(value));
    }

    /** From now on the request's errors look so. */
    public void errorShape(Context ctx, ErrorShape shape) {
        ctx.attribute(ERROR_SHAPE, shape);
    }

    /** The error as the answer; what the client still sends is taken first, lest it never gets to read this. */
    public void error(Context ctx, RealmException e) {
        HttpServletResponse response = ctx.res();
        if (response.isCommitted()) {
            return;
        }
        if (e.code() == ErrorCode.CANCELLED) {
            // Nobody reads it; closing says more than an answer that came too late.
            ctx.header("Connection", "close");
        } else if (ctx.attribute(BODY_READ) == null) {
            bodies.discard(ctx.req());
        }
        HttpError http = HttpError.of(e);
        if (e instanceof RetryableException r) {
            ctx.header("Retry-After", Long.toString(r.retryAfterSeconds()));
        } else if (http.retryAfterSeconds() != null) {
            ctx.header("Retry-After", http.retryAfterSeconds().toString());
        }
        if (http.status() == 401) {
            ctx.header("WWW-Authenticate", "Bearer");
        }
        ErrorShape shape = ctx.attribute(ERROR_SHAPE);
        json(ctx, http.status(), (shape == null ? ErrorShape.OPENAI : shape).body(e));
    }

    /** Ends a connection whose stream has just ended. */
    public void closeAfter(Context ctx) {
        EndPoint endPoint = ClientWatch.endPoint(ctx.req());
        try {
            ctx.res().getOutputStream().close();
        } catch (IOException e) {
            endPoint.close(e);
            return;
        }
        endPoint.shutdownOutput();
    }
}
