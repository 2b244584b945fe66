package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.error.ConflictException;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.error.HttpError;
import ai.realm.server.error.RetryableException;
import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import org.eclipse.jetty.io.EndPoint;

/** How answers that are one JSON value are written, errors among them. Thread-safe. */
final class Answers {
    /** Set on a request once its body has been read whole. */
    static final String BODY_READ = "realm.body-read";

    private final BodyReader bodies;

    Answers(BodyReader bodies) {
        this.bodies = bodies;
    }

    void json(Context ctx, int status, Object value) {
        ctx.status(status).contentType("application/json").result(Json.bytes(value));
    }

    /** The error as the answer; what the client still sends is taken first, lest it never gets to read this. */
    void error(Context ctx, RealmException e) {
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
        HttpError http = HttpError.of(e.code());
        if (e instanceof RetryableException r) {
            ctx.header("Retry-After", Long.toString(r.retryAfterSeconds()));
        } else if (http.retryAfterSeconds() != null) {
            ctx.header("Retry-After", http.retryAfterSeconds().toString());
        }
        if (http.status() == 401) {
            ctx.header("WWW-Authenticate", "Bearer");
        }
        json(ctx, http.status(), e instanceof ConflictException c
                ? Map.of("error", ErrorBody.of(e).error(), "current", c.current())
                : ErrorBody.of(e));
    }

    /** Ends a connection whose stream has just ended. */
    void closeAfter(Context ctx) {
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
