package ai.realm.server.tenant;

import ai.realm.runtime.guest.GuestKvStore;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A tenant's store in memory, within a budget of bytes of keys and values together; an entry counts what it costs, however small. */
public final class MemoryKvStore implements GuestKvStore {
    private static final int LEAST_ENTRY_BYTES = 128;

    private long budget;
    private final Map<ByteBuffer, byte[]> entries = new HashMap<>();
    private long used;

    public MemoryKvStore(long budget) {
        this.budget = budget;
    }

    /** Another budget from now on; what is there stays. */
    synchronized void within(long bytes) {
        budget = bytes;
    }

    @Override
    public synchronized byte @Nullable [] get(byte[] key) {
        byte[] value = entries.get(ByteBuffer.wrap(key));
        return value == null ? null : value.clone();
    }

    @Override
    public synchronized boolean set(byte[] key, byte[] value) {
        if (!holds(key, value)) {
            return false;
        }
        byte[] old = entries.put(ByteBuffer.wrap(key.clone()), value.clone());
        used += cost(key, value) - (old == null ? 0 : cost(key, old));
        return true;
    }

    @Override
    public synchronized boolean delete(byte[] key) {
        byte[] old = entries.remove(ByteBuffer.wrap(key));
        if (old == null) {
            return false;
        }
        used -= cost(key, old);
        return true;
    }

    @Override
    public synchronized boolean update(byte[] key, UnaryOperator<byte @Nullable []> change) {
        byte[] next = change.apply(get(key));
        if (next == null) {
            delete(key);
            return true;
        }
        return set(key, next);
    }

    /** Whether a value has room beside the others. */
    synchronized boolean holds(byte[] key, byte[] value) {
        byte[] old = entries.get(ByteBuffer.wrap(key));
        long next = used + cost(key, value) - (old == null ? 0 : cost(key, old));
        return next <= budget || next <= used;
    }

    /** Has what is kept elsewhere, whatever the budget says. */
    synchronized void put(byte[] key, byte @Nullable [] value) {
        long most = budget;
        budget = Long.MAX_VALUE;
        update(key, _ -> value);
        budget = most;
    }

    private static long cost(byte[] key, byte[] value) {
        return Math.max(LEAST_ENTRY_BYTES, (long) key.length + value.length);
    }

    @Override
    public synchronized long bytes() {
        return used;
    }
}
