package ai.realm.runtime.guest;

import java.util.List;
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
     * requests and of servers that share the store. Null is no value. How long the value is there stays.
     *
     * @param change may be called several times; what it throws ends the update, and nothing is changed
     * @return false when the budget does not hold it; nothing is changed then
     */
    boolean update(byte[] key, UnaryOperator<byte @Nullable []> change);

    /**
     * Stores a value for so many seconds, at once for all servers that share the store.
     *
     * @param seconds how long it is there; 0 for ever
     * @return false when the budget does not hold it; nothing is changed then
     */
    boolean put(byte[] key, byte[] value, long seconds);

    /**
     * A key that is there.
     *
     * @param valueBytes the length of its value
     */
    record Listed(byte[] key, int valueBytes) {}

    /** Keys that begin with {@code prefix} and come after {@code after}, in the order of their bytes, of all servers that share the store. */
    List<Listed> list(byte[] prefix, byte[] after, int most);

    /**
     * A key and its value.
     *
     * @param value is not to be changed
     */
    record Held(byte[] key, byte[] value) {}

    /** What this server holds of keys that begin with {@code prefix}, with values of this length; at most so many, in no order. */
    List<Held> held(byte[] prefix, int valueBytes, int most);

    /** What its budget counts of the keys and values that it holds. */
    long bytes();
}
