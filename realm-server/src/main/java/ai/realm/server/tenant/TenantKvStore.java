package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestKvStore;
import ai.realm.server.accounts.GuestValues;
import java.nio.ByteBuffer;
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

    private final String tenant;
    private final GuestValues values;
    private final MemoryKvStore memory = new MemoryKvStore(Long.MAX_VALUE);
    private final Set<ByteBuffer> changed = new LinkedHashSet<>();
    /** What the database may have: a key that was never there and is gone again need not be remembered. */
    private final Set<ByteBuffer> stored = new HashSet<>();
    /** Held while changes are on their way, so that an older value never overtakes a newer one. */
    private final Object saving = new Object();
    private final Consumer<TenantKvStore> later;
    private boolean forgotten;

    private TenantKvStore(String tenant, GuestValues values, Consumer<TenantKvStore> later) {
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
        TenantKvStore store = new TenantKvStore(tenant, values, later);
        for (GuestValues.Entry e : values.all(tenant)) {
            byte[] value = e.value();
            if (value != null) {
                store.memory.set(e.key(), value);
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
                byte[] old = values.get(tenant, key);
                read(key, old);
                byte[] next = change.apply(old == null ? null : old.clone());
                if (next != null && !memory.holds(key, next)) {
                    return false;
                }
                if (forgotten || values.swap(tenant, key, old, next)) {
                    read(key, next);
                    return true;
                }
            }
            throw new RealmException(ErrorCode.OVERLOADED, "a value that all servers change cannot be changed here; try again");
        }
    }

    private synchronized boolean hasChanged(byte[] key) {
        return changed.contains(ByteBuffer.wrap(key));
    }

    /** Takes over what the database has, unless a request has changed it meanwhile. */
    private synchronized void read(byte[] key, byte @Nullable [] value) {
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
        List<GuestValues.Entry> changes = changed.stream().map(k -> new GuestValues.Entry(k.array(), memory.get(k.array())))
                .toList();
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
