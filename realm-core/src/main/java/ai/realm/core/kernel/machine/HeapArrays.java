package ai.realm.core.kernel.machine;

import java.lang.foreign.MemorySegment;

/**
 * The segments by which emitted code is handed the last two arrays of the heap: making one for each call would be garbage of every pass, and
 * a model's passes use the same arrays again and again. Threads may overwrite each other's entries; each uses what it found or made.
 */
final class HeapArrays {
    private record Entry(float[] array, MemorySegment segment) {
        static final Entry NONE = of(new float[0]);

        static Entry of(float[] array) {
            return new Entry(array, MemorySegment.ofArray(array));
        }
    }

    private Entry last = Entry.NONE;
    private Entry before = Entry.NONE;

    MemorySegment segment(float[] array) {
        Entry found = last;
        if (found.array == array) {
            return found.segment;
        }
        found = before;
        if (found.array == array) {
            return found.segment;
        }
        before = last;
        found = Entry.of(array);
        last = found;
        return found.segment;
    }
}
