package ai.realm.runtime.kvcache;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Zeroed off-heap memory whose pages become resident when they are first touched. An {@link Arena} writes its zeros at once,
 * which makes a gigabyte of KV blocks resident, and a start slow, before a single request has come; the C library's
 * {@code calloc} leaves that to the operating system. Where there is none an arena serves.
 */
final class LazyMemory implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    private final Arena arena;
    private final MemorySegment segment;

    private LazyMemory(Arena arena, MemorySegment segment) {
        this.arena = arena;
        this.segment = segment;
    }

    static LazyMemory allocate(long bytes) {
        Arena arena = Arena.ofShared();
        MemorySegment base = calloc(bytes + ALIGNMENT, arena);
        if (base == null) {
            return new LazyMemory(arena, arena.allocate(bytes, ALIGNMENT));
        }
        long skip = (ALIGNMENT - base.address() % ALIGNMENT) % ALIGNMENT;
        return new LazyMemory(arena, base.asSlice(skip, bytes));
    }

    private static @Nullable MemorySegment calloc(long bytes, Arena arena) {
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> calloc = linker.defaultLookup().find("calloc");
        Optional<MemorySegment> free = linker.defaultLookup().find("free");
        if (calloc.isEmpty() || free.isEmpty()) {
            return null;
        }
        MethodHandle freeHandle = linker.downcallHandle(free.get(), FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
        MemorySegment address = invoke(linker.downcallHandle(calloc.get(),
                FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG)), bytes);
        if (address.address() == 0) {
            throw new OutOfMemoryError("no " + bytes + " bytes of memory for KV blocks");
        }
        return address.reinterpret(bytes, arena, s -> release(freeHandle, s));
    }

    private static MemorySegment invoke(MethodHandle calloc, long bytes) {
        try {
            return (MemorySegment) calloc.invokeExact(bytes, 1L);
        } catch (Throwable e) {
            throw new AssertionError("calloc does not throw", e);
        }
    }

    private static void release(MethodHandle free, MemorySegment s) {
        try {
            free.invokeExact(s);
        } catch (Throwable e) {
            throw new AssertionError("free does not throw", e);
        }
    }

    MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        arena.close();
    }
}
