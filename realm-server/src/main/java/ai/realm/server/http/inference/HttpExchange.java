package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.http.transport.ClientWatch;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.http.transport.GatewayHeaders;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.http.transport.TraceParent;
import ai.realm.server.sse.NdjsonStream;
import ai.realm.server.sse.SseStream;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** A client's connection. */
record HttpExchange(Context ctx, RequestFrame.Parts parts) implements Exchange {
    @Override
    public String requestId() {
        return RequestIds.of(ctx);
    }

    @Override
    public Tenant tenant() {
        Tenant tenant = parts.gate().authenticate(Callers.of(ctx));
        Priority priority = GatewayHeaders.priority(ctx);
        return priority == null ? tenant : tenant.withPriority(priority);
    }

    @Override
    public @Nullable TraceParent trace() {
        return GatewayHeaders.trace(ctx);
    }

    @Override
    public @Nullable String flow() {
        return GatewayHeaders.flow(ctx);
    }

    @Override
    public long bodyLength() {
        return ctx.req().getContentLengthLong();
    }

    @Override
    public byte[] body(int maxBytes) {
        return parts.answers().body(ctx, maxBytes);
    }

    @Override
    public String pathParam(String name) {
        return ctx.pathParam(name);
    }

    @Override
    public @Nullable String requestHeader(String name) {
        return ctx.header(name);
    }

    @Override
    public void header(String name, String value) {
        ctx.header(name, value);
    }

    @Override
    public void json(int status, Object value) {
        parts.answers().json(ctx, status, value);
    }

    @Override
    public OutputStream output(int status, String contentType) throws IOException {
        ctx.status(status).contentType(contentType);
        return ctx.res().getOutputStream();
    }

    @Override
    public void error(RealmException e, ErrorShape shape) {
        parts.answers().errorShape(ctx, shape);
        parts.answers().error(ctx, e);
    }

    @Override
    public SseStream events(RequestContext context) {
        return new SseStream(ctx.res(), context);
    }

    @Override
    public NdjsonStream lines(RequestContext context) {
        return new NdjsonStream(ctx.res(), context);
    }

    @Override
    public Watch watch(RequestContext context) {
        ClientWatch.Watched watched = parts.watch().watch(ctx.req(), context);
        return new Watch() {
            @Override
            public boolean mustClose() {
                return watched.mustClose();
            }

            @Override
            public void close() {
                watched.close();
            }
        };
    }

    @Override
    public void closeAfter() {
        parts.answers().closeAfter(ctx);
    }

    @Override
    public void keep(RequestRecord account) {
        parts.accounts().record(account);
    }
}
