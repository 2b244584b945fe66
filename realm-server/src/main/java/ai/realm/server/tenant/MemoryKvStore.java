package ai.realm.server.tenant;

import ai.realm.runtime.guest.GuestKvStore;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A tenant's store in memory, within a budget of bytes of keys and values together; an entry counts what it costs, however small. */
public final class MemoryKvStore implements GuestKvStore {
    /** When a value is there for ever. */
    public static final long FOR_EVER = 0;
    private static final int LEAST_ENTRY_BYTES = 128;

    private long budget;
    private final InstantSource clock;
    private final Map<ByteBuffer, Item> entries = new HashMap<>();
    private long used;
    /** No entry ends before; to be looked at then. */
    private long firstEnd = Long.MAX_VALUE;

    /** @param endMillis when it is there no more; {@link #FOR_EVER} for never */
    record Item(byte[] value, long endMillis) {
        boolean endedAt(long now) {
            return endMillis != FOR_EVER && endMillis <= now;
        }
    }

    public MemoryKvStore(long budget) {
        this(budget, InstantSource.system());
    }

    MemoryKvStore(long budget, InstantSource clock) {
        this.budget = budget;
        this.clock = clock;
    }

    /** Another budget from now on; what is there stays. */
    synchronized void within(long bytes) {
        budget = bytes;
    }

    /** The end of a life of so many seconds that begins now; 0 is for ever. */
    static long end(long nowMillis, long seconds) {
        return seconds == 0 ? FOR_EVER : nowMillis + 1000 * seconds;
    }

    @Override
    public synchronized byte @Nullable [] get(byte[] key) {
        Item item = item(key);
        return item == null ? null : item.value().clone();
    }

    /** What is there now, its bytes not to be changed; null when nothing is. */
    synchronized @Nullable Item item(byte[] key) {
        forgetEnded();
        return entries.get(ByteBuffer.wrap(key));
    }

    private void forgetEnded() {
        long now = clock.millis();
        if (now < firstEnd) {
            return;
        }
        firstEnd = Long.MAX_VALUE;
        entries.entrySet().removeIf(e -> {
            boolean ended = e.getValue().endedAt(now);
            if (ended) {
                used -= cost(e.getKey().array(), e.getValue().value());
            } else {
                mindEnd(e.getValue());
            }
            return ended;
        });
    }

    private void mindEnd(Item item) {
        if (item.endMillis() != FOR_EVER) {
            firstEnd = Math.min(firstEnd, item.endMillis());
        }
    }

    @Override
    public boolean set(byte[] key, byte[] value) {
        return set(key, value, FOR_EVER);
    }

    @Override
    public boolean put(byte[] key, byte[] value, long seconds) {
        return set(key, value, end(clock.millis(), seconds));
    }

    private synchronized boolean set(byte[] key, byte[] value, long endMillis) {
        if (!holds(key, value)) {
            return false;
        }
        Item item = new Item(value.clone(), endMillis);
        Item old = entries.put(ByteBuffer.wrap(key.clone()), item);
        mindEnd(item);
        used += cost(key, value) - (old == null ? 0 : cost(key, old.value()));
        return true;
    }

    @Override
    public synchronized boolean delete(byte[] key) {
        forgetEnded();
        Item old = entries.remove(ByteBuffer.wrap(key));
        if (old == null) {
            return false;
        }
        used -= cost(key, old.value());
        return true;
    }

    @Override
    public synchronized boolean update(byte[] key, UnaryOperator<byte @Nullable []> change) {
        Item old = item(key);
        byte[] next = change.apply(old == null ? null : old.value().clone());
        if (next == null) {
            delete(key);
            return true;
        }
        return set(key, next, old == null ? FOR_EVER : old.endMillis());
    }

    @Override
    public synchronized List<Listed> list(byte[] prefix, byte[] after, int most) {
        forgetEnded();
        return entries.entrySet().stream()
                .filter(e -> begins(e.getKey().array(), prefix) && Arrays.compareUnsigned(e.getKey().array(), after) > 0)
                .sorted((a, b) -> Arrays.compareUnsigned(a.getKey().array(), b.getKey().array())).limit(most)
                .map(e -> new Listed(e.getKey().array(), e.getValue().value().length)).toList();
    }

    @Override
    public synchronized List<Held> held(byte[] prefix, int valueBytes, int most) {
        forgetEnded();
        List<Held> found = new ArrayList<>();
        for (Map.Entry<ByteBuffer, Item> e : entries.entrySet()) {
            if (found.size() == most) {
                break;
            }
            if (e.getValue().value().length == valueBytes && begins(e.getKey().array(), prefix)) {
                found.add(new Held(e.getKey().array(), e.getValue().value()));
            }
        }
        return found;
    }

    private static boolean begins(byte[] key, byte[] prefix) {
        return key.length >= prefix.length && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
    }

    /** Whether a value has room beside the others. */
    synchronized boolean holds(byte[] key, byte[] value) {
        Item old = item(key);
        long next = used + cost(key, value) - (old == null ? 0 : cost(key, old.value()));
        return next <= budget || next <= used;
    }

    /** Has what is kept elsewhere, whatever the budget says; null for nothing. */
    synchronized void put(byte[] key, @Nullable Item item) {
        if (item == null) {
            delete(key);
            return;
        }
        long most = budget;
        budget = Long.MAX_VALUE;
        set(key, item.value(), item.endMillis());
        budget = most;
    }

    private static long cost(byte[] key, byte[] value) {
        return Math.max(LEAST_ENTRY_BYTES, (long) key.length + value.length);
    }

    @Override
    public synchronized long bytes() {
        forgetEnded();
        return used;
    }
}
