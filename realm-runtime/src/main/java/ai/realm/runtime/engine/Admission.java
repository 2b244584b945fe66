package ai.realm.runtime.engine;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;

/**
 * The bound on sequences that wait, or rest. A tenant may have at most {@value #ALPHA} times as many as there are places left, so
 * that one alone gets 4/5 of the queue and there is always room for another. Source: Choudhury and Hahne, Dynamic Queue Length
 * Thresholds for Shared-Memory Packet Switches, 1998. Thread-safe.
 */
final class Admission {
    private static final int ALPHA = 4;

    private final int places;
    private final String what;
    @GuardedBy("this")
    private final Map<String, Integer> waiting = new HashMap<>();
    @GuardedBy("this")
    private int total;

    /** @param what has a place, in the plural and as errors call it */
    Admission(int places, String what) {
        this.places = places;
        this.what = what;
    }

    /** Takes {@code n} places, or throws OVERLOADED. */
    synchronized void enter(String tenant, int n) {
        int own = waiting.getOrDefault(tenant, 0);
        // A small queue would leave a tenant without any: one always may, if there is a place at all.
        if (total + n > places || own > 0 && own + n > ALPHA * (places - total)) {
            throw new RealmException(ErrorCode.OVERLOADED, "the server takes at most " + places + " " + what
                    + ", of one tenant fewer while it fills; there are " + total + ", " + own + " of them this tenant's");
        }
        waiting.put(tenant, own + n);
        total += n;
    }

    synchronized void leave(String tenant) {
        waiting.computeIfPresent(tenant, (t, n) -> n == 1 ? null : n - 1);
        total--;
    }

    synchronized int total() {
        return total;
    }
}
