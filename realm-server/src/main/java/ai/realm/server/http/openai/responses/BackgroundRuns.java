package ai.realm.server.http.openai.responses;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.Ids;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The responses that this server makes in the background. Each is this server's under a lease, which is renewed while it runs; one whose
 * lease is over has failed, as its server is gone. Events of ended ones are kept for a while, within a bound. Thread-safe.
 */
public final class BackgroundRuns implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundRuns.class);
    static final Duration LEASE = Duration.ofSeconds(10);
    private static final Duration RENEWAL = Duration.ofSeconds(2);
    private static final long MOST_ENDED_BYTES = 32 << 20;
    private static final int MOST_ENDED = 256;
    private static final long SECOND = 1000;

    private final TenantStores stores;
    private final String owner = Ids.fresh("server_");
    private final Map<String, BackgroundRun> all = new ConcurrentHashMap<>();
    private final Deque<String> endedIds = new ArrayDeque<>();
    private long endedBytes;
    private @Nullable Thread renewal;
    private boolean closed;

    public BackgroundRuns(TenantStores stores) {
        this.stores = stores;
    }

    BackgroundRun create(StoredItems items, ResponsesReader.Read read) {
        return new BackgroundRun(this, items, read.request().stream());
    }

    /** One of the tenant's that is made here, or was a while ago; null when there is none. */
    @Nullable
    BackgroundRun find(String tenant, String id) {
        BackgroundRun run = all.get(id);
        return run != null && run.tenantId().equals(tenant) ? run : null;
    }

    /** For a client that only reads: its end ends nothing. */
    RequestContext reader(String requestId, Tenant tenant) {
        return new RequestContext(requestId, tenant.id(), tenant.weight(), tenant.limits().contextLimit(),
                System.nanoTime() + tenant.limits().deadline().toNanos(), false);
    }

    /** Keeps a response that is to be made; false when it is more than the tenant may store. */
    boolean keepFirst(StoredItems items, ResponsesReader.Read request, ObjectNode first) {
        return stores.responses().putRunning(items.tenant().id(),
                new Stored(first.path("id").asText(), request.previous(), first.path("created_at").asLong() * SECOND,
                        request.input().toString(), first.toString()),
                items.tenant().limits().storage(), owner, LEASE);
    }

    /** Keeps what became of one; false when it is not there any more or not this server's. */
    boolean keepState(StoredItems items, ObjectNode state, boolean last) {
        return stores.responses().replace(items.tenant().id(), state.path("id").asText(), state.toString(),
                items.tenant().limits().storage(), owner, last ? null : LEASE);
    }

    synchronized void add(String id, BackgroundRun run) {
        all.put(id, run);
        if (renewal == null && !closed) {
            renewal = Thread.ofVirtual().name("background-leases").start(this::renew);
        }
    }

    private void renew() {
        while (rest()) {
            try {
                Map<String, BackgroundRun> before = Map.copyOf(all);
                Set<String> held = stores.responses().renew(owner, LEASE);
                before.forEach((id, run) -> {
                    if (!held.contains(id)) {
                        run.cancel();
                    }
                });
            } catch (RealmException e) {
                LOG.warn("leases of responses are not renewed error_code={} cause={}", e.code(), e.getMessage());
            }
        }
    }

    /** Waits for the next renewal; false when there is nothing to renew any more. */
    private synchronized boolean rest() {
        try {
            wait(RENEWAL.toMillis());
        } catch (InterruptedException e) {
            closed = true;
        }
        if (closed || all.values().stream().allMatch(BackgroundRun::hasEnded)) {
            renewal = null;
            return false;
        }
        return true;
    }

    /** One has ended: its events stay for those who follow it, if there are any. */
    synchronized void ended(BackgroundRun run) {
        String id = run.requestId();
        if (all.get(id) != run) {
            return;
        }
        if (!run.isStreamed()) {
            all.remove(id);
            return;
        }
        endedIds.addLast(id);
        endedBytes += run.eventBytes();
        while (endedBytes > MOST_ENDED_BYTES || endedIds.size() > MOST_ENDED) {
            BackgroundRun oldest = all.remove(endedIds.removeFirst());
            endedBytes -= oldest == null ? 0 : oldest.eventBytes();
        }
    }

    /** Renews no more leases; what still runs ends with its request. */
    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
    }
}
