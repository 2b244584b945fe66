package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.session.RequestContext;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** The inference requests that are under way, so that they can be cancelled by tenant or altogether and waited for. Thread-safe. */
public final class ActiveRequests {
    private final Set<RequestContext> running = new HashSet<>();

    /** Takes a request in until the result is closed. */
    public synchronized RequestContext.Registration add(RequestContext context) {
        running.add(context);
        return () -> remove(context);
    }

    private synchronized void remove(RequestContext context) {
        running.remove(context);
        if (running.isEmpty()) {
            notifyAll();
        }
    }

    public synchronized int count() {
        return running.size();
    }

    /** Ends every request of a tenant. */
    public void cancelTenant(String tenantId, ErrorCode code, String message) {
        cancel(c -> c.tenantId().equals(tenantId), code, message);
    }

    public void cancelAll(ErrorCode code, String message) {
        cancel(_ -> true, code, message);
    }

    private void cancel(Predicate<RequestContext> which, ErrorCode code, String message) {
        List<RequestContext> found;
        synchronized (this) {
            found = running.stream().filter(which).toList();
        }
        found.forEach(c -> c.cancel(code, message));
    }

    /** Waits until none is left; false when some still are at the limit. */
    public synchronized boolean awaitNone(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (!running.isEmpty()) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            wait(left / 1_000_000 + 1);
        }
        return true;
    }
}
