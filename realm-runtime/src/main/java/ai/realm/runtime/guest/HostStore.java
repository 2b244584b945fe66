package ai.realm.runtime.guest;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The tenant's own store as its guest sees it, for one request: {@code realm_host_kv_…}. */
final class HostStore {
    static final long MAX_KEY_BYTES = 1024;
    private static final int MAX_LISTED = 1000;
    private static final int MAX_SEARCHED = 10_000;
    private static final long MAX_DIMENSIONS = 16_384;
    /** A length that says that there is no value. */
    private static final long NO_VALUE = 0xffff_ffffL;

    private final GuestRun run;

    HostStore(GuestRun run) {
        this.run = run;
    }

    static AbiException noSuchKey() {
        return new AbiException(AbiError.NO_SUCH_KEY, "no such key");
    }

    private GuestKvStore store() {
        return run.call().kv();
    }

    private static byte[] key(GuestMemory memory, long ptr, long len) {
        memory.require(ptr, len, "key");
        if (len == 0 || len > MAX_KEY_BYTES) {
            throw new AbiException(AbiError.BAD_OPTION, "a key must have 1 to " + MAX_KEY_BYTES + " bytes, not " + len);
        }
        return memory.read(ptr, len, "key");
    }

    long get(GuestMemory memory, long keyPtr, long keyLen, long dst, long max) {
        byte[] key = key(memory, keyPtr, keyLen);
        memory.require(dst, max, "destination");
        byte[] value = store().get(key);
        if (value == null) {
            throw noSuchKey();
        }
        return HostFunctions.copy(memory, value, dst, max);
    }

    long set(GuestMemory memory, long keyPtr, long keyLen, long ptr, long len) {
        byte[] key = key(memory, keyPtr, keyLen);
        byte[] value = value(memory, key, ptr, len);
        if (!store().set(key, value)) {
            throw full(key, value);
        }
        return 0;
    }

    private byte[] value(GuestMemory memory, byte[] key, long ptr, long len) {
        memory.require(ptr, len, "value");
        long budget = run.limits().kvBytes();
        if (key.length + len > budget) {
            throw new AbiException(GuestLimit.KV_BYTES.reached(budget + " bytes", key.length + len + " bytes for one entry"));
        }
        return memory.read(ptr, len, "value");
    }

    private AbiException full(byte[] key, byte[] value) {
        return new AbiException(GuestLimit.KV_BYTES.reached(run.limits().kvBytes() + " bytes",
                store().bytes() + " bytes and " + (key.length + value.length) + " for this entry"));
    }

    long delete(GuestMemory memory, long keyPtr, long keyLen) {
        if (!store().delete(key(memory, keyPtr, keyLen))) {
            throw noSuchKey();
        }
        return 0;
    }

    /** Adds to a number of eight bytes, 0 where there is none, and writes the sum to {@code dst}. */
    long add(GuestMemory memory, long keyPtr, long keyLen, long delta, long dst) {
        byte[] key = key(memory, keyPtr, keyLen);
        memory.require(dst, Long.BYTES, "destination");
        byte[][] sum = new byte[1][];
        update(key, old -> sum[0] = plus(old, delta));
        memory.write(dst, sum[0], "destination");
        return 0;
    }

    private static byte[] plus(byte @Nullable [] old, long delta) {
        if (old != null && old.length != Long.BYTES) {
            throw new AbiException(AbiError.BAD_OPTION,
                    "the value is no number of 8 bytes but has " + old.length + "; realm_host_kv_add makes numbers");
        }
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long before = old == null ? 0 : number.put(0, old).getLong(0);
        try {
            return number.putLong(0, Math.addExact(before, delta)).array();
        } catch (ArithmeticException e) {
            throw new AbiException(AbiError.BAD_OPTION, "the sum of " + before + " and " + delta + " has more than 64 bits");
        }
    }

    /** Puts a value in the place of another if that is what is there; a length of -1 is no value. */
    long swap(GuestMemory memory, long keyPtr, long keyLen, long oldPtr, long oldLen, long newPtr, long newLen) {
        byte[] key = key(memory, keyPtr, keyLen);
        byte[] expected = oldLen == NO_VALUE ? null : memory.read(oldPtr, oldLen, "old value");
        byte[] next = newLen == NO_VALUE ? null : value(memory, key, newPtr, newLen);
        update(key, old -> {
            if (!Arrays.equals(old, expected)) {
                throw new AbiException(AbiError.STALE, "the key has another value");
            }
            return next;
        });
        return 0;
    }

    /** Stores a value for so many seconds, 0 for ever; other servers see it at once. */
    long put(GuestMemory memory, long keyPtr, long keyLen, long ptr, long len, long seconds) {
        byte[] key = key(memory, keyPtr, keyLen);
        byte[] value = value(memory, key, ptr, len);
        run.beginUpdate();
        if (!waiting(() -> store().put(key, value, seconds))) {
            throw full(key, value);
        }
        return 0;
    }

    /** Bytes of the records of keys in their order, whole ones: u32 length, u32 length of the value, key; 0 when there are no more. */
    long list(GuestMemory memory, long prefixPtr, long prefixLen, long afterPtr, long afterLen, long dst, long max) {
        byte[] prefix = part(memory, prefixPtr, prefixLen, "prefix");
        byte[] after = part(memory, afterPtr, afterLen, "after");
        memory.require(dst, max, "destination");
        run.beginUpdate();
        List<GuestKvStore.Listed> keys = waiting(() -> store().list(prefix, after, MAX_LISTED));
        Records out = new Records(max);
        for (GuestKvStore.Listed k : keys) {
            if (!out.add(k.key(), k.valueBytes())) {
                break;
            }
        }
        return out.write(memory, dst, keys.isEmpty());
    }

    private static byte[] part(GuestMemory memory, long ptr, long len, String what) {
        memory.require(ptr, len, what);
        if (len > MAX_KEY_BYTES) {
            throw new AbiException(AbiError.BAD_OPTION, what + " must have at most " + MAX_KEY_BYTES + " bytes, not " + len);
        }
        return memory.read(ptr, len, what);
    }

    /**
     * Bytes of the records of the {@code count} values nearest to a vector, nearest first: u32 length of the key, f32 cosine, key.
     * Values are vectors when they have as many bytes; this server's copy of the store is searched.
     */
    long search(GuestMemory memory, long prefixPtr, long prefixLen, long ptr, long dimensions, long count, long dst, long max) {
        byte[] prefix = part(memory, prefixPtr, prefixLen, "prefix");
        memory.require(ptr, dimensions * Float.BYTES, "vector");
        memory.require(dst, max, "destination");
        if (dimensions == 0 || dimensions > MAX_DIMENSIONS) {
            throw new AbiException(AbiError.BAD_OPTION,
                    "a vector must have 1 to " + MAX_DIMENSIONS + " elements, not " + dimensions);
        }
        if (count == 0 || count > MAX_LISTED) {
            throw new AbiException(AbiError.BAD_OPTION, "a search must be for 1 to " + MAX_LISTED + " keys, not " + count);
        }
        byte[] wanted = memory.read(ptr, dimensions * Float.BYTES, "vector");
        List<GuestKvStore.Held> held = store().held(prefix, wanted.length, MAX_SEARCHED);
        List<VectorSearch.Near> nearest = VectorSearch.nearest(wanted, held, (int) count);
        Records out = new Records(max);
        for (VectorSearch.Near n : nearest) {
            if (!out.add(n.key(), Float.floatToRawIntBits(n.cosine()))) {
                break;
            }
        }
        return out.write(memory, dst, nearest.isEmpty());
    }

    /** Whole records, as many as fit. */
    private static final class Records {
        private final long max;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private int last;

        Records(long max) {
            this.max = max;
        }

        boolean add(byte[] key, int number) {
            last = 2 * Integer.BYTES + key.length;
            if (out.size() + last > max) {
                return false;
            }
            out.writeBytes(ByteBuffer.allocate(2 * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(key.length).putInt(number)
                    .array());
            out.writeBytes(key);
            return true;
        }

        long write(GuestMemory memory, long dst, boolean none) {
            if (out.size() == 0 && !none) {
                throw new AbiException(AbiError.BAD_OPTION, "the first record has " + last + " bytes, the destination " + max);
            }
            memory.write(dst, out.toByteArray(), "destination");
            return out.size();
        }
    }

    /** What waits for the database. */
    private <T> T waiting(Supplier<T> wait) {
        run.supervision().waiting(true);
        try {
            return wait.get();
        } finally {
            run.supervision().waiting(false);
        }
    }

    private void update(byte[] key, UnaryOperator<byte @Nullable []> change) {
        run.beginUpdate();
        byte[][] last = {new byte[0]};
        boolean done = waiting(() -> store().update(key, old -> {
            byte[] next = change.apply(old);
            last[0] = next == null ? last[0] : next;
            return next;
        }));
        if (!done) {
            throw full(key, last[0]);
        }
    }
}
