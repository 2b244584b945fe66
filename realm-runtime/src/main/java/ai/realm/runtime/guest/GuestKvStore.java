package ai.realm.runtime.guest;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A tenant's own key-value store, which outlives its requests; bytes in, bytes out, within a budget. Thread-safe. */
public interface GuestKvStore {
    byte @Nullable [] get(byte[] key);

    /** False when the budget does not hold it; nothing is changed then. */
    boolean set(byte[] key, byte[] value);

    /** False when there was none. */
    boolean delete(byte[] key);

    /**
     * Puts what {@code change} makes of the newest value in its place, as if nobody else did anything meanwhile: with any number of
     * requests and of servers that share the store. Null is no value.
     *
     * @param change may be called several times; what it throws ends the update, and nothing is changed
     * @return false when the budget does not hold it; nothing is changed then
     */
    boolean update(byte[] key, UnaryOperator<byte @Nullable []> change);

    /** What its budget counts of the keys and values that it holds. */
    long bytes();
}
