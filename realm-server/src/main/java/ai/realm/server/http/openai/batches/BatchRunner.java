package ai.realm.server.http.openai.batches;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Batches.Batch;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.inference.Threads;
import ai.realm.server.tenant.Tenants;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works on the batches that no other server works on, one of a tenant at a time. A batch is a server's for the time of a lease, which is
 * renewed; when a server is gone, another takes its batches over, or the same one after its next start. Thread-safe.
 */
public final class BatchRunner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BatchRunner.class);
    private static final long PERIOD_MILLIS = 500;
    static final Duration LEASE = Duration.ofSeconds(10);
    private static final int MOST = 32;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    /**
     * @param routes what takes requests, by the paths that batches may name
     * @param owner this server's name in leases
     */
    record Parts(TenantStores stores, Tenants tenants, Map<String, RequestFrame> routes, Clock clock, String owner) {}

    private final Parts parts;
    private final Map<String, BatchRun> running = new ConcurrentHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private @Nullable Thread thread;
    private volatile boolean closed;

    public BatchRunner(TenantStores stores, Tenants tenants, Map<String, RequestFrame> routes, Clock clock) {
        this.parts = new Parts(stores, tenants, Map.copyOf(routes), clock, Ids.fresh("server_"));
    }

    /** The paths that batches may name. */
    List<String> endpoints() {
        return parts.routes().keySet().stream().sorted().toList();
    }

    /** Begins to look for batches. */
    public synchronized void start() {
        thread = Thread.ofVirtual().name("batch-runner").start(() -> {
            while (!closed) {
                try {
                    look();
                } catch (RealmException e) {
                    LOG.warn("batches wait error_code={} cause={}", e.code(), e.getMessage());
                } catch (RuntimeException e) {
                    LOG.error("batches wait, as the look for them failed", e);
                }
                pause();
            }
        });
    }

    private synchronized void pause() {
        try {
            if (!closed) {
                wait(PERIOD_MILLIS);
            }
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    /** Looks now: there is a new batch. */
    synchronized void wake() {
        notifyAll();
    }

    private void look() {
        if (!running.isEmpty()) {
            // Those that are begun below have fresh leases; one that ends meanwhile has none to lose.
            Map<String, BatchRun> held = Map.copyOf(running);
            long asked = parts.clock().millis();
            Map<String, String> states = parts.stores().batches().renew(parts.owner(), LEASE, held.keySet());
            held.forEach((id, run) -> {
                String state = states.get(id);
                if (state != null) {
                    run.renewed(asked);
                }
                if (state == null) {
                    run.leave();
                } else if (state.equals("cancelling")) {
                    run.cancel();
                }
            });
        }
        for (Batch b : parts.stores().batches().waiting(parts.owner())) {
            // One that was left may still be ending here.
            boolean busy = running.size() >= MOST || running.values().stream().anyMatch(r -> r.tenant().equals(b.tenant()));
            if (!busy && !closed && parts.stores().batches().claim(b.id(), parts.owner(), LEASE)) {
                begin(b);
            }
        }
    }

    private synchronized void begin(Batch b) {
        BatchRun run = new BatchRun(parts, b);
        if (b.status().equals("cancelling")) {
            run.cancel();
        }
        running.put(b.id(), run);
        threads.removeIf(t -> !t.isAlive());
        threads.add(Thread.ofVirtual().name("batch-" + b.id()).start(() -> {
            try {
                run.work();
            } catch (RuntimeException e) {
                LOG.error("a batch is left to be tried again batch={}", b.id(), e);
            } finally {
                running.remove(b.id());
            }
        }));
    }

    /** Begins nothing more; requests that run may still end, and batches that are not done are any server's. */
    public void drain() {
        closed = true;
        running.values().forEach(BatchRun::leave);
        wake();
    }

    @Override
    public void close() {
        drain();
        List<Thread> all;
        synchronized (this) {
            all = new ArrayList<>(threads);
            if (thread != null) {
                all.add(thread);
            }
        }
        Threads.join(all, CLOSE_LIMIT);
    }
}
