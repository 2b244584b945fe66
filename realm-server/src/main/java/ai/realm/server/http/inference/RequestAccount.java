package ai.realm.server.http.inference;

import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.metrics.ServerMetrics;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.RequestUsage;
import java.util.function.Consumer;

/** The account of one admitted request: settled with its tenant's limits and kept in the database, once. Thread-safe. */
public final class RequestAccount {
    private final RequestLog log;
    private final RequestUsage usage;
    private final Permit permit;
    private final Accounts accounts;
    private final Consumer<RequestRecord> keep;
    private final ServerMetrics metrics;
    private final long begunMillis;
    private boolean closed;

    RequestAccount(RequestLog log, RequestUsage usage, Permit permit, Accounts accounts, Consumer<RequestRecord> keep,
            ServerMetrics metrics) {
        this.log = log;
        this.usage = usage;
        this.permit = permit;
        this.accounts = accounts;
        this.keep = keep;
        this.metrics = metrics;
        this.begunMillis = accounts.now();
    }

    /** Keeps what the request has used; it has ended, well or not. */
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        Usage used = usage.complete();
        log.usage(used);
        permit.settle(used);
        RequestRecord r = log.record(begunMillis, accounts.now(), usage.guestCpuNanos());
        metrics.ended(r, log.traceId());
        keep.accept(r);
    }
}
