package ai.realm.core.kernel.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that emitted code runs in: written first, then made executable, never both at a time. Kernels are made once and serve the whole
 * process, so it is never freed. Linux and macOS on x86-64 (System V calls).
 *
 * <p>Threads: {@link #load} is for one thread; the handles that it gives may be called by any.
 */
final class CodeMemory {
    private static final int READ_WRITE = 1 | 2;
    private static final int READ_EXECUTE = 1 | 4;
    private static final int MAP_PRIVATE = 2;
    /** {@code MAP_ANONYMOUS}, which each system numbers otherwise. */
    private static final int MAP_ANONYMOUS = System.getProperty("os.name").startsWith("Mac") ? 0x1000 : 0x20;
    private static final long PAGE = 1 << 14;
    private static final int ALIGNMENT = 64;

    private CodeMemory() {
    }

    /** The system gives no memory that may be executed, as hardened ones do not. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1;

        RefusedException(String message) {
            super(message);
        }
    }

    /**
     * Makes code callable.
     *
     * @return where each function begins, as the target of a call
     * @throws RefusedException when the system refuses memory, or to make it executable
     */
    static List<MemorySegment> load(List<byte[]> functions) throws RefusedException {
        long size = 0;
        for (byte[] code : functions) {
            size = aligned(size) + code.length;
        }
        size = Math.ceilDiv(size, PAGE) * PAGE;
        MemorySegment memory = map(size);
        List<MemorySegment> entries = new ArrayList<>();
        long at = 0;
        for (byte[] code : functions) {
            at = aligned(at);
            MemorySegment.copy(code, 0, memory, ValueLayout.JAVA_BYTE, at, code.length);
            entries.add(MemorySegment.ofAddress(memory.address() + at));
            at += code.length;
        }
        protect(memory);
        return entries;
    }

    private static long aligned(long at) {
        return Math.ceilDiv(at, ALIGNMENT) * ALIGNMENT;
    }

    private static MemorySegment map(long size) throws RefusedException {
        MethodHandle mmap = system("mmap", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        try {
            long address = (long) mmap.invokeExact(0L, size, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
            if (address == -1) {
                throw new RefusedException("the system gave no " + size + " bytes for code");
            }
            return MemorySegment.ofAddress(address).reinterpret(size);
        } catch (RefusedException e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException("mmap could not be called", t);
        }
    }

    private static void protect(MemorySegment memory) throws RefusedException {
        MethodHandle mprotect = system("mprotect", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
        try {
            int result = (int) mprotect.invokeExact(memory.address(), memory.byteSize(), READ_EXECUTE);
            if (result != 0) {
                throw new RefusedException("the system does not let this process execute memory that it has written");
            }
        } catch (RefusedException e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException("mprotect could not be called", t);
        }
    }

    private static MethodHandle system(String name, FunctionDescriptor type) throws RefusedException {
        Linker linker = Linker.nativeLinker();
        MemorySegment function = linker.defaultLookup().find(name)
                .orElseThrow(() -> new RefusedException("the system has no " + name));
        return linker.downcallHandle(function, type);
    }
}
