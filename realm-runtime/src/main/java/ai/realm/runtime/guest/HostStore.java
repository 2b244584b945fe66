package ai.realm.runtime.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The tenant's own store as its guest sees it, for one request: {@code realm_host_kv_…}. */
final class HostStore {
    static final long MAX_KEY_BYTES = 1024;
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

    private void update(byte[] key, UnaryOperator<byte @Nullable []> change) {
        run.beginUpdate();
        byte[][] last = {new byte[0]};
        run.supervision().waiting(true);
        try {
            boolean done = store().update(key, old -> {
                byte[] next = change.apply(old);
                last[0] = next == null ? last[0] : next;
                return next;
            });
            if (!done) {
                throw full(key, last[0]);
            }
        } finally {
            run.supervision().waiting(false);
        }
    }
}
