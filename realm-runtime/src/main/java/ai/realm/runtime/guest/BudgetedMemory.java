package ai.realm.runtime.guest;

import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.WasmRuntimeException;
import com.dylibso.chicory.wasm.types.DataSegment;
import com.dylibso.chicory.wasm.types.MemoryLimits;

/**
 * A guest's memory whose pages are counted against the budget of the server as they are added, so that many guests that are each
 * within their limit cannot fill the heap together. What moves much at once does so in parts, between which the guest can be ended.
 */
final class BudgetedMemory implements Memory, AutoCloseable {
    private final PageBudget budget;
    private final Owner owner;
    private final ByteArrayMemory bytes;
    private boolean closed;

    /** Whose memory it is: told when it waits for pages, and when it does not get them. */
    interface Owner extends PageBudget.Waiter {
        String tenant();

        /**
         * @param pages what it would have had with them
         * @param own whether its own limit holds them back, not the budget of all guests
         */
        void refused(long pages, boolean own);
    }

    /** The initial pages have been taken from {@code budget} for the owner's tenant. */
    BudgetedMemory(MemoryLimits limits, PageBudget budget, Owner owner) {
        this.budget = budget;
        this.owner = owner;
        this.bytes = new ByteArrayMemory(limits);
    }

    @Override
    public int grow(int size) {
        boolean own = size < 0 || size > bytes.maximumPages() - bytes.pages();
        // With a stack that ends within the budget's lock, the lock would never be free again.
        StackProbe.requireLittle();
        if (own || !budget.take(owner.tenant(), size, owner)) {
            owner.refused(bytes.pages() + Integer.toUnsignedLong(size), own);
            return -1;
        }
        int before = bytes.pages();
        int wanted = before + size;
        try {
            for (int pages = before; pages < wanted; pages = bytes.pages()) {
                Checkpoint.pass();
                bytes.grow(Math.min(Checkpoint.BYTES / GuestMemory.PAGE, wanted - pages));
            }
        } finally {
            budget.giveBack(owner.tenant(), (long) wanted - bytes.pages());
        }
        return before;
    }

    /** The pages of all guests, for what the host needs while it works for this one. */
    PageBudget budget() {
        return budget;
    }

    Owner owner() {
        return owner;
    }

    /** Gives its pages back; nothing uses it afterwards. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            budget.giveBack(owner.tenant(), bytes.pages());
        }
    }

    @Override
    public int pages() {
        return bytes.pages();
    }

    private long size() {
        return (long) bytes.pages() * GuestMemory.PAGE;
    }

    @Override
    public int initialPages() {
        return bytes.initialPages();
    }

    @Override
    public int maximumPages() {
        return bytes.maximumPages();
    }

    @Override
    public boolean shared() {
        return false;
    }

    @Override
    @SuppressWarnings("removal")
    public Object lock(int address) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int waitOn(int address, int expected, long timeout) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int waitOn(int address, long expected, long timeout) {
        throw notShared();
    }

    @Override
    @SuppressWarnings("removal")
    public int notify(int address, int maxThreads) {
        throw notShared();
    }

    private static UnsupportedOperationException notShared() {
        return new UnsupportedOperationException("guests have no threads");
    }

    @Override
    public void initialize(Instance instance, DataSegment[] segments) {
        bytes.initialize(instance, segments);
    }

    @Override
    public void initialize(Instance instance, DataSegment[] segments, int memoryIndex) {
        bytes.initialize(instance, segments, memoryIndex);
    }

    @Override
    public void initPassiveSegment(int segment, int dest, int offset, int size) {
        Checkpoint.pass();
        bytes.initPassiveSegment(segment, dest, offset, size);
    }

    @Override
    public void write(int addr, byte[] data, int offset, int size) {
        bytes.write(addr, data, offset, size);
    }

    @Override
    public byte read(int addr) {
        return bytes.read(addr);
    }

    @Override
    public byte[] readBytes(int addr, int len) {
        return bytes.readBytes(addr, len);
    }

    @Override
    public void writeI32(int addr, int data) {
        bytes.writeI32(addr, data);
    }

    @Override
    public int readInt(int addr) {
        return bytes.readInt(addr);
    }

    @Override
    public void writeLong(int addr, long data) {
        bytes.writeLong(addr, data);
    }

    @Override
    public long readLong(int addr) {
        return bytes.readLong(addr);
    }

    @Override
    public void writeShort(int addr, short data) {
        bytes.writeShort(addr, data);
    }

    @Override
    public short readShort(int addr) {
        return bytes.readShort(addr);
    }

    @Override
    public long readU16(int addr) {
        return bytes.readU16(addr);
    }

    @Override
    public void writeByte(int addr, byte data) {
        bytes.writeByte(addr, data);
    }

    @Override
    public void writeF32(int addr, float data) {
        bytes.writeF32(addr, data);
    }

    @Override
    public long readF32(int addr) {
        return bytes.readF32(addr);
    }

    @Override
    public float readFloat(int addr) {
        return bytes.readFloat(addr);
    }

    @Override
    public void writeF64(int addr, double data) {
        bytes.writeF64(addr, data);
    }

    @Override
    public double readDouble(int addr) {
        return bytes.readDouble(addr);
    }

    @Override
    public long readF64(int addr) {
        return bytes.readF64(addr);
    }

    @Override
    public void zero() {
        bytes.zero();
    }

    @Override
    public void fill(byte value, int from, int to) {
        if (to < from) {
            throw new WasmRuntimeException("out of bounds memory access: " + Integer.toUnsignedString(to - from)
                    + " bytes at " + Integer.toUnsignedString(from));
        }
        if (from < 0 || to > size() || to - from <= Checkpoint.BYTES) {
            Checkpoint.pass();
            bytes.fill(value, from, to);
            return;
        }
        for (int at = from; at < to; at += Math.min(Checkpoint.BYTES, to - at)) {
            Checkpoint.pass();
            bytes.fill(value, at, at + Math.min(Checkpoint.BYTES, to - at));
        }
    }

    @Override
    public void copy(int dest, int src, int size) {
        if (size <= Checkpoint.BYTES || dest < 0 || src < 0 || (long) Math.max(dest, src) + size > size()) {
            Checkpoint.pass();
            bytes.copy(dest, src, size);
            return;
        }
        // As one move: where they overlap, what is yet to be read must not be written.
        for (int done = 0; done < size;) {
            int part = Math.min(Checkpoint.BYTES, size - done);
            int at = dest <= src ? done : size - done - part;
            Checkpoint.pass();
            bytes.copy(dest + at, src + at, part);
            done += part;
        }
    }

    @Override
    public void drop(int segment) {
        bytes.drop(segment);
    }
}
