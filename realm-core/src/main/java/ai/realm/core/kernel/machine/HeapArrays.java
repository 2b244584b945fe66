package ai.realm.core.kernel.machine;

import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * The segments by which emitted code is handed arrays of the heap: making one for each call would be garbage of every pass, and a model's passes use
 * the same arrays again and again. Holds none that nobody else holds. Threads may overwrite each other's entries; each uses what it found or made.
 */
final class HeapArrays {
    private static final int SLOTS = 1 << 10;
    /** Places that an array may have from its own on. */
    private static final int NEAR = 4;

    private record Entry(float[] array, MemorySegment segment) {}

    /** An entry that is collected when no call is using it; the array's identity is not kept without it. */
    @SuppressWarnings("unchecked")
    private final WeakReference<Entry>[] slots = new WeakReference[SLOTS + NEAR];
    private int next;

    MemorySegment segment(float[] array) {
        int at = System.identityHashCode(array) & SLOTS - 1;
        int free = -1;
        for (int i = at; i < at + NEAR; i++) {
            @Nullable
            WeakReference<Entry> reference = slots[i];
            Entry entry = reference == null ? null : reference.get();
            if (entry == null) {
                free = i;
            } else if (entry.array == array) {
                return entry.segment;
            }
        }
        Entry made = new Entry(array, MemorySegment.ofArray(array));
        slots[free >= 0 ? free : at + (next++ & NEAR - 1)] = new WeakReference<>(made);
        return made.segment;
    }
}
