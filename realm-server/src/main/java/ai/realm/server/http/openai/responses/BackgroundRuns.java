package ai.realm.server.http.openai.responses;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.Ids;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
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
    /** How long a last state is tried to be kept; by then the lease of the response is renewed no more. */
    private static final Duration MOST_UNKEPT = Duration.ofMinutes(5);
    /** The same for one that the database refuses, as it does to end a deadlock. */
    private static final Duration MOST_REFUSED = Duration.ofSeconds(20);
    private static final long MOST_UNKEPT_CHARS = 32 << 20;

    private final TenantStores stores;
    private final String owner = Ids.fresh("server_");
    private final Map<String, BackgroundRun> all = new ConcurrentHashMap<>();
    private final Deque<String> endedIds = new ArrayDeque<>();
    private long endedBytes;
    private final Map<String, LastState> unkept = new ConcurrentHashMap<>();
    private @Nullable Thread renewal;
    private boolean closed;

    /** The last state of a response that the database did not take. */
    private record LastState(Tenant tenant, String json, long since) {
        Duration age() {
            return Duration.ofNanos(System.nanoTime() - since);
        }
    }

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
        return replace(items.tenant(), state.path("id").asText(), state.toString(), last ? null : LEASE);
    }

    private boolean replace(Tenant tenant, String id, String json, @Nullable Duration lease) {
        return stores.responses().replace(tenant.id(), id, json, tenant.limits().storage(), owner, lease);
    }

    /** The database did not take the last state of one: it is tried again, within bounds, and the response stays this server's. */
    synchronized void keepLater(StoredItems items, ObjectNode last) {
        LastState state = new LastState(items.tenant(), last.toString(), System.nanoTime());
        long chars = unkept.values().stream().mapToLong(s -> s.json.length()).sum() + state.json.length();
        if (chars > MOST_UNKEPT_CHARS) {
            LOG.warn("too many last states of responses wait for the database, one is lost tenant={} response={}",
                    state.tenant.id(), last.path("id").asText());
            return;
        }
        unkept.put(last.path("id").asText(), state);
        beginRounds();
    }

    private void keepUnkept() {
        for (Map.Entry<String, LastState> one : unkept.entrySet()) {
            LastState state = one.getValue();
            try {
                // False: another server has concluded it, or its tenant wants it no more.
                replace(state.tenant, one.getKey(), state.json, null);
                unkept.remove(one.getKey());
            } catch (RealmException e) {
                boolean down = e.code() == ErrorCode.STORAGE_UNAVAILABLE;
                if (state.age().compareTo(down ? MOST_UNKEPT : MOST_REFUSED) > 0) {
                    LOG.warn("the last state of a response is lost tenant={} response={} error_code={}", state.tenant.id(),
                            one.getKey(), e.code());
                    unkept.remove(one.getKey());
                }
                if (down) {
                    // Each further one would wait as long.
                    return;
                }
            }
        }
    }

    synchronized void add(String id, BackgroundRun run) {
        all.put(id, run);
        beginRounds();
    }

    private void beginRounds() {
        if (renewal == null && !closed) {
            renewal = Thread.ofVirtual().name("background-leases").start(this::renew);
        }
    }

    private void renew() {
        while (rest()) {
            try {
                round();
            } catch (RealmException e) {
                LOG.warn("leases of responses are not renewed error_code={} cause={}", e.code(), e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("leases of responses are not renewed", e);
            }
        }
    }

    /** Keeps the last states that were not kept yet, then renews the leases of what is still made. */
    void round() {
        keepUnkept();
        Map<String, BackgroundRun> live = new HashMap<>(all);
        live.values().removeIf(BackgroundRun::hasEnded);
        List<String> ids = new ArrayList<>(live.keySet());
        ids.addAll(unkept.keySet());
        Set<String> held = stores.responses().renew(owner, LEASE, ids);
        live.forEach((id, run) -> {
            if (!held.contains(id)) {
                run.cancel();
            }
        });
    }

    /** Waits for the next renewal; false when there is nothing to renew any more. */
    private synchronized boolean rest() {
        try {
            wait(RENEWAL.toMillis());
        } catch (InterruptedException e) {
            closed = true;
        }
        if (closed || unkept.isEmpty() && all.values().stream().allMatch(BackgroundRun::hasEnded)) {
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

    /** Renews no more leases; what still runs ends with its request. What was not kept yet is tried a last time. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        keepUnkept();
        if (!unkept.isEmpty()) {
            LOG.warn("last states of responses are lost responses={}", unkept.size());
        }
    }
}
