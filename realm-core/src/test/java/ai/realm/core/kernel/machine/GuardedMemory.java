package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Memory between two pages that may not be touched: whoever does ends the process. It stays mapped; tests use little. */
final class GuardedMemory {
    private static final long PAGE = 1 << 14;
    private static final MethodHandle MMAP = system("mmap", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    private static final MethodHandle MPROTECT = system("mprotect", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private GuardedMemory() {
    }

    private static MethodHandle system(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(Linker.nativeLinker().defaultLookup().find(name).orElseThrow(), type);
    }

    /** Bytes that end right before a page that may not be touched. */
    static MemorySegment beforeGuard(long bytes) {
        MemorySegment all = between(bytes);
        return all.asSlice(all.byteSize() - bytes, bytes);
    }

    /** Bytes that begin right behind a page that may not be touched. */
    static MemorySegment behindGuard(long bytes) {
        return between(bytes).asSlice(0, bytes);
    }

    private static MemorySegment between(long bytes) {
        long size = Math.ceilDiv(Math.max(1, bytes), PAGE) * PAGE;
        int anonymous = System.getProperty("os.name").startsWith("Mac") ? 0x1000 : 0x20;
        try {
            long at = (long) MMAP.invokeExact(0L, size + 2 * PAGE, 3, 2 | anonymous, -1, 0L);
            int before = (int) MPROTECT.invokeExact(at, PAGE, 0);
            int behind = (int) MPROTECT.invokeExact(at + PAGE + size, PAGE, 0);
            assertThat(before | behind).isZero();
            return MemorySegment.ofAddress(at + PAGE).reinterpret(size);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }
}
