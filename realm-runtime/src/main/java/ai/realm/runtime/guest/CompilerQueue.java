package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who compiles next: so many at a time, one of each tenant, in the order in which they came. A tenant that pushes a hundred modules
 * has one of them compiled while another tenant's single one goes past the rest. Thread-safe.
 */
final class CompilerQueue {
    /** Modules of one tenant that may wait: each keeps its bytes. */
    private static final int WAITING = 16;

    private final int parallel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<String> compiling = new HashSet<>();
    private final List<Ticket> waiting = new ArrayList<>();

    /** One module that waits: the same tenant may have several. */
    private static final class Ticket {
        final String tenant;

        Ticket(String tenant) {
            this.tenant = tenant;
        }
    }

    CompilerQueue(int parallel) {
        this.parallel = parallel;
    }

    /** A tenant's place, until it is closed; on any thread. */
    interface Place extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits for a place.
     *
     * @throws RealmException OVERLOADED after {@code nanos}, or when too many of the tenant wait
     */
    Place enter(String tenant, long nanos) {
        lock.lock();
        try {
            if (waiting.stream().filter(t -> t.tenant.equals(tenant)).count() >= WAITING) {
                throw new RealmException(ErrorCode.OVERLOADED,
                        WAITING + " guests of tenant " + tenant + " wait to be compiled, the most there may be");
            }
            Ticket ticket = new Ticket(tenant);
            waiting.add(ticket);
            try {
                await(ticket, nanos);
                compiling.add(tenant);
            } finally {
                waiting.remove(ticket);
                changed.signalAll();
            }
            return () -> leave(tenant);
        } finally {
            lock.unlock();
        }
    }

    private void await(Ticket ticket, long nanos) {
        long left = nanos;
        try {
            while (!isNext(ticket)) {
                if (left <= 0) {
                    throw new RealmException(ErrorCode.OVERLOADED, "all " + parallel + " guest compilers have been in use for "
                            + TimeUnit.NANOSECONDS.toSeconds(nanos) + " s; try again");
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "interrupted while waiting for a guest compiler", e);
        }
    }

    /** The first whose tenant has none, if there is room. */
    private boolean isNext(Ticket ticket) {
        if (compiling.size() >= parallel) {
            return false;
        }
        return waiting.stream().filter(t -> !compiling.contains(t.tenant)).findFirst().filter(ticket::equals).isPresent();
    }

    private void leave(String tenant) {
        lock.lock();
        try {
            compiling.remove(tenant);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
