package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.GuestMemory.unsigned;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.dylibso.chicory.runtime.ChicoryInterruptedException;
import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.Instance;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.concurrent.TimeUnit;

/**
 * WASI preview 1 for one request, as far as there is something to offer: a clock of milliseconds, random numbers, standard output
 * and error as lines of the log, sleep within the deadline. No files, no arguments, no environment; {@code proc_exit} ends the
 * guest. Every pointer is checked as in the other host functions.
 */
final class WasiFunctions {
    private static final int SUCCESS = 0;
    private static final int BAD_DESCRIPTOR = 8;
    private static final int FAULT = 21;
    private static final int INVALID = 28;
    private static final int NOT_SEEKABLE = 70;
    private static final int STDERR = 2;
    private static final int CHARACTER_DEVICE = 2;
    private static final int FDSTAT_BYTES = 24;
    private static final int MAX_VECTORS = 1024;
    private static final int MAX_SUBSCRIPTIONS = 64;
    private static final int SUBSCRIPTION_BYTES = 48;
    private static final int EVENT_BYTES = 32;
    private static final int ABSOLUTE = 1;
    private static final long MILLI = 1_000_000;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Clock CLOCK = Clock.systemUTC();

    private final Owner owner;
    private final StringBuilder[] lines = {new StringBuilder(), new StringBuilder()};

    /** Whose functions they are. */
    interface Owner {
        /** A line of standard output (2) or error (1). */
        void line(int level, String text);

        void waiting(boolean now);

        /** Otherwise every sleep is over at once: others wait for what this guest holds. */
        default boolean maySleep() {
            return true;
        }
    }

    WasiFunctions(Owner owner) {
        this.owner = owner;
    }

    HostFunction bind(WasiImport function) {
        return new HostFunction(WasiImport.MODULE, function.functionName(), function.type(),
                (instance, args) -> call(function, instance, args));
    }

    private long[] call(WasiImport function, Instance instance, long[] args) {
        StackProbe.requireRoom();
        Checkpoint.pass();
        if (function == WasiImport.PROC_EXIT) {
            throw new GuestAbort(
                    new RealmException(ErrorCode.GUEST_FAILED, "the guest ended itself: proc_exit(" + (int) args[0] + ")"));
        }
        try {
            return new long[]{dispatch(function, new GuestMemory(instance.memory()), args)};
        } catch (AbiException e) {
            return new long[]{FAULT};
        }
    }

    private int dispatch(WasiImport function, GuestMemory memory, long[] a) {
        return switch (function) {
            case ARGS_GET, ENVIRON_GET, SCHED_YIELD -> SUCCESS;
            case ARGS_SIZES_GET, ENVIRON_SIZES_GET -> {
                memory.write(unsigned(a[1]), new byte[4], "size");
                yield memory(memory, unsigned(a[0]), new byte[4]);
            }
            case CLOCK_RES_GET -> memory(memory, unsigned(a[1]), number(MILLI));
            case CLOCK_TIME_GET -> a[0] == 0 || a[0] == 1 ? memory(memory, unsigned(a[2]), number(time((int) a[0]))) : INVALID;
            case FD_CLOSE, FD_FDSTAT_SET_FLAGS -> descriptor(a[0]);
            case FD_FDSTAT_GET -> {
                byte[] stat = new byte[FDSTAT_BYTES];
                stat[0] = CHARACTER_DEVICE;
                yield descriptor(a[0]) == SUCCESS ? memory(memory, unsigned(a[1]), stat) : BAD_DESCRIPTOR;
            }
            case FD_PRESTAT_GET, FD_PRESTAT_DIR_NAME -> BAD_DESCRIPTOR;
            case FD_READ -> a[0] == 0 ? memory(memory, unsigned(a[3]), new byte[4]) : BAD_DESCRIPTOR;
            case FD_SEEK -> descriptor(a[0]) == SUCCESS ? NOT_SEEKABLE : BAD_DESCRIPTOR;
            case FD_WRITE -> write(memory, a[0], unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            case POLL_ONEOFF -> poll(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            case RANDOM_GET -> random(memory, unsigned(a[0]), unsigned(a[1]));
            case PROC_EXIT -> throw new IllegalStateException("not reached");
        };
    }

    private static int memory(GuestMemory memory, long at, byte[] value) {
        memory.write(at, value, "destination");
        return SUCCESS;
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    }

    /** Nanoseconds, of the day's clock (0) or a steady one (1), in whole milliseconds: a finer clock would tell what others do. */
    private static long time(int clock) {
        return clock == 0 ? CLOCK.millis() * MILLI : System.nanoTime() / MILLI * MILLI;
    }

    private static int descriptor(long fd) {
        return fd >= 0 && fd <= STDERR ? SUCCESS : BAD_DESCRIPTOR;
    }

    private static int random(GuestMemory memory, long ptr, long len) {
        memory.require(ptr, len, "destination");
        byte[] part = new byte[(int) Math.min(len, 1 << 14)];
        for (long done = 0; done < len; done += part.length) {
            Checkpoint.pass();
            RANDOM.nextBytes(part);
            memory.write(ptr + done, part, 0, (int) Math.min(part.length, len - done), "destination");
        }
        return SUCCESS;
    }

    /** What is written to standard output and error becomes lines of the log. */
    private int write(GuestMemory memory, long fd, long vectors, long count, long written) {
        if (fd != 1 && fd != STDERR) {
            return BAD_DESCRIPTOR;
        }
        if (count > MAX_VECTORS) {
            return INVALID;
        }
        ByteBuffer in = ByteBuffer.wrap(memory.read(vectors, count * 8, "vectors")).order(ByteOrder.LITTLE_ENDIAN);
        memory.require(written, 4, "count");
        long sum = 0;
        while (in.hasRemaining()) {
            long ptr = unsigned(in.getInt());
            long len = unsigned(in.getInt());
            memory.require(ptr, len, "text");
            sum += len;
            log((int) fd, memory.read(ptr, Math.min(len, 4L * GuestLog.MAX_CHARS), "text"));
        }
        memory.write(written, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) sum).array(), "count");
        return SUCCESS;
    }

    private void log(int fd, byte[] text) {
        StringBuilder line = lines[fd - 1];
        for (char c : new String(text, StandardCharsets.UTF_8).toCharArray()) {
            if (c == '\n') {
                flush(fd, line);
            } else if (line.length() <= GuestLog.MAX_CHARS) {
                line.append(c);
            }
        }
    }

    private void flush(int fd, StringBuilder line) {
        if (!line.isEmpty()) {
            owner.line(fd == STDERR ? 1 : 2, line.toString());
        }
        line.setLength(0);
    }

    /** What was written without an end of line; the guest has ended. */
    void end() {
        for (int fd = 1; fd <= STDERR; fd++) {
            flush(fd, lines[fd - 1]);
        }
    }

    /** Sleeps until the first clock is due; other things to wait for there are none. */
    private int poll(GuestMemory memory, long in, long out, long count, long events) {
        if (count == 0 || count > MAX_SUBSCRIPTIONS) {
            return INVALID;
        }
        ByteBuffer asked = ByteBuffer.wrap(memory.read(in, count * SUBSCRIPTION_BYTES, "subscriptions"))
                .order(ByteOrder.LITTLE_ENDIAN);
        memory.require(out, count * EVENT_BYTES, "events");
        memory.require(events, 4, "count");
        long first = Long.MAX_VALUE;
        int which = 0;
        for (int at = 0; at < asked.capacity(); at += SUBSCRIPTION_BYTES) {
            long nanos = asked.get(at + 8) == 0 ? untilDue(asked, at) : 0;
            if (nanos < first) {
                first = nanos;
                which = at;
            }
        }
        if (owner.maySleep()) {
            sleep(first);
        }
        byte[] event = new byte[EVENT_BYTES];
        System.arraycopy(asked.array(), which, event, 0, Long.BYTES);
        event[10] = asked.get(which + 8);
        event[8] = (byte) (event[10] == 0 ? SUCCESS : BAD_DESCRIPTOR);
        memory.write(out, event, "events");
        return memory(memory, events, new byte[]{1, 0, 0, 0});
    }

    private static long untilDue(ByteBuffer asked, int at) {
        long timeout = asked.getLong(at + 24);
        boolean absolute = (asked.getShort(at + 40) & ABSOLUTE) != 0;
        return Math.max(0, absolute ? timeout - time(asked.getInt(at + 16) == 0 ? 0 : 1) : timeout);
    }

    private void sleep(long nanos) {
        owner.waiting(true);
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ChicoryInterruptedException("the guest was ended while it slept");
        } finally {
            owner.waiting(false);
        }
    }
}
