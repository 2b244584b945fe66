package ai.realm.runtime.guest;

import org.jspecify.annotations.Nullable;

/** A tenant's own key-value store, which outlives its requests; bytes in, bytes out, within a budget. Thread-safe. */
public interface GuestKvStore {
    byte @Nullable [] get(byte[] key);

    /** False when the budget does not hold it; nothing is changed then. */
    boolean set(byte[] key, byte[] value);

    /** False when there was none. */
    boolean delete(byte[] key);

    /** What its budget counts of the keys and values that it holds. */
    long bytes();
}
