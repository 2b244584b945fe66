package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestKvStore;
import ai.realm.server.accounts.GuestValues;
import ai.realm.server.tenant.MemoryKvStore.Item;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A tenant's store: guests read and write it in memory, and {@link #save}, at the end of each request, puts what has changed into
 * the database in one commit. So a guest never waits for a disk, a guest that writes for ever costs one commit, and what an
 * answered request has stored outlives the process. Thread-safe.
 */
public final class TenantKvStore implements GuestKvStore {
    /** Another server came between so often: more is no accident. */
    private static final int TRIES = 1000;
    /** Between two times that what has ended is taken out of the database. */
    private static final long TIDY_MILLIS = 60_000;

    private final String tenant;
    private final GuestValues values;
    private final MemoryKvStore memory;
    private final InstantSource clock;
    private final Set<ByteBuffer> changed = new LinkedHashSet<>();
    /** What the database may have: a key that was never there and is gone again need not be remembered. */
    private final Set<ByteBuffer> stored = new HashSet<>();
    /** Held while changes are on their way, so that an older value never overtakes a newer one. */
    private final Object saving = new Object();
    private final Consumer<TenantKvStore> later;
    private long nextTidy;
    private boolean forgotten;

    private TenantKvStore(String tenant, GuestValues values, Consumer<TenantKvStore> later, InstantSource clock) {
        this.memory = new MemoryKvStore(Long.MAX_VALUE, clock);
        this.clock = clock;
        this.tenant = tenant;
        this.values = values;
        this.later = later;
    }

    /**
     * The store as the database has it.
     *
     * @param later keeps a store whose changes wait for the database, and commits them
     */
    static TenantKvStore load(String tenant, GuestValues values, Consumer<TenantKvStore> later) {
        return load(tenant, values, later, InstantSource.system());
    }

    static TenantKvStore load(String tenant, GuestValues values, Consumer<TenantKvStore> later, InstantSource clock) {
        TenantKvStore store = new TenantKvStore(tenant, values, later, clock);
        for (GuestValues.Entry e : values.all(tenant, clock.millis())) {
            byte[] value = e.value();
            if (value != null) {
                store.memory.put(e.key(), new Item(value, e.endMillis()));
                store.stored.add(ByteBuffer.wrap(e.key()));
            }
        }
        return store;
    }

    /** Bytes of keys and values that it may hold from now on; what it holds stays. */
    TenantKvStore within(long budget) {
        memory.within(budget);
        return this;
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return memory.get(key);
    }

    @Override
    public synchronized boolean set(byte[] key, byte[] value) {
        if (!memory.set(key, value)) {
            return false;
        }
        changed.add(ByteBuffer.wrap(key.clone()));
        return true;
    }

    @Override
    public synchronized boolean delete(byte[] key) {
        if (!memory.delete(key)) {
            return false;
        }
        ByteBuffer gone = ByteBuffer.wrap(key.clone());
        if (stored.contains(gone)) {
            changed.add(gone);
        } else {
            changed.remove(gone);
        }
        return true;
    }

    /**
     * In the database at once, because other servers must see it, and after what this one has yet to save of the key. Guests of one
     * server wait for each other here; when another server is faster, again with what it wrote.
     */
    @Override
    public boolean update(byte[] key, UnaryOperator<byte @Nullable []> change) {
        synchronized (saving) {
            if (hasChanged(key)) {
                commit();
            }
            for (int i = 0; i < TRIES; i++) {
                long now = clock.millis();
                Item old = item(values.get(tenant, key, now));
                read(key, old);
                byte[] next = change.apply(old == null ? null : old.value().clone());
                if (next != null && !memory.holds(key, next)) {
                    return false;
                }
                if (forgotten || values.swap(tenant, key, old == null ? null : old.value(), next, now)) {
                    read(key, next == null ? null : new Item(next, old == null ? MemoryKvStore.FOR_EVER : old.endMillis()));
                    return true;
                }
            }
            throw new RealmException(ErrorCode.OVERLOADED, "a value that all servers change cannot be changed here; try again");
        }
    }

    private static @Nullable Item item(GuestValues.@Nullable Value value) {
        return value == null ? null : new Item(value.bytes(), value.endMillis());
    }

    /** In the database at once, as an update. */
    @Override
    public boolean put(byte[] key, byte[] value, long seconds) {
        synchronized (saving) {
            if (hasChanged(key)) {
                commit();
            }
            if (!memory.holds(key, value)) {
                return false;
            }
            long now = clock.millis();
            long end = MemoryKvStore.end(now, seconds);
            if (!forgotten) {
                if (now >= nextTidy) {
                    nextTidy = now + TIDY_MILLIS;
                    values.forgetEnded(tenant, now);
                }
                values.change(tenant, List.of(new GuestValues.Entry(key, value, end)));
            }
            read(key, new Item(value, end));
            return true;
        }
    }

    /** As the database has them, after what this server has yet to save. */
    @Override
    public List<Listed> list(byte[] prefix, byte[] after, int most) {
        commit();
        return values.list(tenant, prefix, after, most, clock.millis()).stream().map(l -> new Listed(l.key(), l.valueBytes()))
                .toList();
    }

    @Override
    public List<Held> held(byte[] prefix, int valueBytes, int most) {
        return memory.held(prefix, valueBytes, most);
    }

    private synchronized boolean hasChanged(byte[] key) {
        return changed.contains(ByteBuffer.wrap(key));
    }

    /** Takes over what the database has, unless a request has changed it meanwhile. */
    private synchronized void read(byte[] key, @Nullable Item value) {
        ByteBuffer name = ByteBuffer.wrap(key.clone());
        if (!changed.contains(name)) {
            memory.put(key, value);
            if (value == null) {
                stored.remove(name);
            } else {
                stored.add(name);
            }
        }
    }

    @Override
    public long bytes() {
        return memory.bytes();
    }

    /** Keys that the next save writes or deletes. */
    synchronized int changes() {
        return changed.size();
    }

    /**
     * Commits what was changed since the last time. While the database cannot be used the changes stay in memory, and are saved when it
     * is back.
     *
     * @throws RealmException when the database refuses; the next call tries again
     */
    public void save() {
        try {
            commit();
        } catch (RealmException e) {
            if (e.code() != ErrorCode.STORAGE_UNAVAILABLE) {
                throw e;
            }
            later.accept(this);
        }
    }

    /** @throws RealmException as {@link #save}, and STORAGE_UNAVAILABLE */
    void commit() {
        synchronized (saving) {
            List<GuestValues.Entry> changes = takeChanges();
            if (changes.isEmpty() || forgotten) {
                return;
            }
            try {
                values.change(tenant, changes);
                saved(changes);
            } catch (RuntimeException e) {
                putBack(changes);
                throw e;
            }
        }
    }

    private synchronized List<GuestValues.Entry> takeChanges() {
        List<GuestValues.Entry> changes = changed.stream().map(k -> {
            Item item = memory.item(k.array());
            return item == null
                    ? new GuestValues.Entry(k.array(), null)
                    : new GuestValues.Entry(k.array(), item.value(), item.endMillis());
        }).toList();
        stored.addAll(changed);
        changed.clear();
        return changes;
    }

    private synchronized void saved(List<GuestValues.Entry> changes) {
        for (GuestValues.Entry c : changes) {
            if (c.value() == null && memory.get(c.key()) == null) {
                stored.remove(ByteBuffer.wrap(c.key()));
            }
        }
    }

    private synchronized void putBack(List<GuestValues.Entry> changes) {
        changes.forEach(c -> changed.add(ByteBuffer.wrap(c.key())));
    }

    /** Its tenant was removed, with what the database had of it: whatever requests still write goes nowhere. */
    void drop() {
        synchronized (saving) {
            forgotten = true;
        }
    }
}
