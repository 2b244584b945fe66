package ai.realm.core.gguf;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Gives the resident pages of a file's map back to the system ({@code madvise}, Linux only; elsewhere nothing happens): the map
 * stays valid, and what is read again comes from the file.
 */
final class FilePages {
    /** The largest page size in use, so that whole pages are whole everywhere. */
    private static final long PAGE = 65536;
    private static final int MADV_DONTNEED = 4;
    private static final @Nullable MethodHandle MADVISE = madvise();

    private FilePages() {
    }

    private static @Nullable MethodHandle madvise() {
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        SymbolLookup lookup = linker.defaultLookup();
        return lookup.find("madvise").map(symbol -> linker.downcallHandle(symbol, FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT))).orElse(null);
    }

    /** Lets go of the whole pages of a map that is read-only; whether the system did so. */
    static boolean release(MemorySegment map) {
        if (MADVISE == null || !map.isMapped() || !map.isReadOnly()) {
            return false;
        }
        long from = map.address() + PAGE - 1 & -PAGE;
        long to = map.address() + map.byteSize() & -PAGE;
        try {
            return to > from && (int) MADVISE.invokeExact(from, to - from, MADV_DONTNEED) == 0;
        } catch (Throwable e) { // no part of the file is lost if the advice is not taken
            return false;
        }
    }
}
