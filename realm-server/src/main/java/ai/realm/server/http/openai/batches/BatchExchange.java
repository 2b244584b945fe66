package ai.realm.server.http.openai.batches;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.domain.Tenant;
import ai.realm.server.error.HttpError;
import ai.realm.server.http.inference.Exchange;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.sse.NdjsonStream;
import ai.realm.server.sse.SseStream;
import ai.realm.server.tenant.TenantGate;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * One request of a batch: what it is answered is kept here, and its account with it, so that both go into the database together. Used by
 * one thread but for {@link #cancel}.
 */
final class BatchExchange implements Exchange {
    private final String requestId;
    private final Tenant tenant;
    private final byte[] body;
    private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
    private int status;
    private @Nullable RealmException error;
    private @Nullable RequestRecord account;
    private volatile @Nullable RequestContext running;
    private volatile boolean cancelled;

    /** @param tenant as it is now, its requests being of a batch */
    BatchExchange(String requestId, Tenant tenant, byte[] body) {
        this.requestId = requestId;
        this.tenant = tenant;
        this.body = body;
    }

    int status() {
        return status;
    }

    byte[] answer() {
        return answer.toByteArray();
    }

    /** Why it failed, or null. */
    @Nullable
    RealmException error() {
        return error;
    }

    /** What it used; null when it was not admitted. */
    @Nullable
    RequestRecord account() {
        return account;
    }

    /** Ends the request if it runs. */
    void cancel() {
        cancelled = true;
        RequestContext context = running;
        if (context != null) {
            context.cancel(ErrorCode.CANCELLED, "the batch was cancelled");
        }
    }

    @Override
    public String requestId() {
        return requestId;
    }

    @Override
    public Tenant tenant() {
        if (tenant.suspended()) {
            throw new RealmException(ErrorCode.TENANT_SUSPENDED, "tenant " + tenant.id() + " is suspended");
        }
        return tenant;
    }

    @Override
    public long bodyLength() {
        return body.length;
    }

    @Override
    public byte[] body(int maxBytes) {
        if (body.length > maxBytes) {
            throw TenantGate.bodyTooLarge(maxBytes);
        }
        return body;
    }

    @Override
    public String pathParam(String name) {
        throw new IllegalStateException("no route of a batch has names in its path, but one asks for " + name);
    }

    @Override
    public void header(String name, String value) {
        // The results of a batch have no headers.
    }

    @Override
    public void json(int code, Object value) {
        output(code, "application/json").writeBytes(Json.bytes(value));
    }

    @Override
    public ByteArrayOutputStream output(int code, String contentType) {
        status = code;
        answer.reset();
        return answer;
    }

    @Override
    public void error(RealmException e, ErrorShape shape) {
        error = e;
        json(HttpError.of(e.code()).status(), shape.body(e));
    }

    @Override
    public void requireLeave() {
        throw RealmException.badParam("background", "background is not supported in a batch, which is in the background itself");
    }

    private static RealmException noStream() {
        return RealmException.badParam("stream", "stream is not supported in a batch; leave it out");
    }

    @Override
    public SseStream events(RequestContext context) {
        throw noStream();
    }

    @Override
    public NdjsonStream lines(RequestContext context) {
        throw noStream();
    }

    @Override
    public Watch watch(RequestContext context) {
        running = context;
        if (cancelled) {
            cancel();
        }
        return new Watch() {
            @Override
            public boolean mustClose() {
                return false;
            }

            @Override
            public void close() {
                running = null;
            }
        };
    }

    @Override
    public void closeAfter() {
        // There is no connection.
    }

    @Override
    public void keep(RequestRecord record) {
        account = record;
    }
}
