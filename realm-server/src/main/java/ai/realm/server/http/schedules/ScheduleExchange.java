package ai.realm.server.http.schedules;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.Exchange;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.sse.NdjsonStream;
import ai.realm.server.sse.SseStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A run that nobody waits for: only its account and why it failed are kept. Used by one thread. */
final class ScheduleExchange implements Exchange {
    private static final byte[] NOTHING = "{}".getBytes(StandardCharsets.UTF_8);

    private final String requestId;
    private final Tenant tenant;
    private final Accounts accounts;
    private @Nullable RealmException error;

    ScheduleExchange(String requestId, Tenant tenant, Accounts accounts) {
        this.requestId = requestId;
        this.tenant = tenant;
        this.accounts = accounts;
    }

    @Nullable
    RealmException error() {
        return error;
    }

    @Override
    public String requestId() {
        return requestId;
    }

    @Override
    public Tenant tenant() {
        return tenant;
    }

    @Override
    public long bodyLength() {
        return NOTHING.length;
    }

    @Override
    public byte[] body(int maxBytes) {
        return NOTHING;
    }

    @Override
    public String pathParam(String name) {
        throw noAnswer();
    }

    @Override
    public void header(String name, String value) {
        // Nobody reads it.
    }

    @Override
    public void json(int status, Object value) {
        throw noAnswer();
    }

    @Override
    public OutputStream output(int status, String contentType) {
        throw noAnswer();
    }

    @Override
    public void error(RealmException e, ErrorShape shape) {
        error = e;
    }

    @Override
    public SseStream events(RequestContext context) {
        throw noAnswer();
    }

    @Override
    public NdjsonStream lines(RequestContext context) {
        throw noAnswer();
    }

    private static IllegalStateException noAnswer() {
        return new IllegalStateException("a run of a timetable has no answer");
    }

    @Override
    public Watch watch(RequestContext context) {
        throw noAnswer();
    }

    @Override
    public void closeAfter() {
        // There is no connection.
    }

    @Override
    public void keep(RequestRecord account) {
        accounts.record(account);
    }
}
