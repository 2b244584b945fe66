package ai.realm.server.http.inference;

import ai.realm.runtime.session.RequestContext;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.sse.SseStream;
import io.javalin.http.Context;

/** Where one answer goes: as a whole, or as a stream of events. */
public final class Client {
    private final Context ctx;
    private final RequestContext context;
    private final Answers answers;

    Client(Context ctx, RequestContext context, Answers answers) {
        this.ctx = ctx;
        this.context = context;
        this.answers = answers;
    }

    /** Answers 200 with this value as JSON. */
    public void json(Object value) {
        answers.json(ctx, 200, value);
    }

    /** A header of the answer, before it is sent. */
    public void header(String name, String value) {
        ctx.header(name, value);
    }

    /** The answer as server-sent events; committed with the first. */
    public SseStream events() {
        return new SseStream(ctx.res(), context);
    }
}
