package ai.realm.core.tokenizer;

import java.util.Arrays;

/**
 * Joins neighbouring symbols of one word until no pair is left, the most urgent pair first and the leftmost of equals. Symbols
 * are a list linked both ways, pairs a heap, so a word of n symbols takes n log n steps. Reused from word to word by one thread.
 */
abstract class MergeLoop {
    /** What {@link #priority} gives for symbols that do not join. */
    static final int NEVER = Integer.MAX_VALUE;

    /** Symbol {@code i} begins at {@code starts[i]}; {@code starts[count]} is the end of the word. */
    private int[] starts = new int[64];
    private int[] ends = new int[64];
    private int[] symbols = new int[64];
    private int[] next = new int[64];
    private int[] previous = new int[64];
    /** Priority of the pair of symbol {@code i} and the one after it, or NEVER. */
    private int[] priorities = new int[64];
    private long[] heap = new long[64];
    private int heapSize;
    private int count;

    /** How urgently two neighbours {@code left [from, middle)} and {@code right [middle, to)} join: least first; or NEVER. */
    abstract int priority(int left, int right, int from, int to);

    /** The symbol that two neighbours become; called only for pairs that join. */
    abstract int joined(int left, int right, int from, int to);

    final void clear() {
        count = 0;
        heapSize = 0;
    }

    final void add(int symbol, int from, int to) {
        if (count == starts.length) {
            int more = count * 2;
            starts = Arrays.copyOf(starts, more);
            ends = Arrays.copyOf(ends, more);
            symbols = Arrays.copyOf(symbols, more);
            next = Arrays.copyOf(next, more);
            previous = Arrays.copyOf(previous, more);
            priorities = Arrays.copyOf(priorities, more);
        }
        starts[count] = from;
        ends[count] = to;
        symbols[count] = symbol;
        previous[count] = count - 1;
        next[count] = count + 1;
        count++;
    }

    /** Joins until nothing joins; {@link #after} then walks what is left, beginning with symbol 0. */
    final void run() {
        if (count == 0) {
            return;
        }
        next[count - 1] = -1;
        for (int i = 0; i < count; i++) {
            Interruption.check(i);
            offer(i);
        }
        for (int step = 0; heapSize > 0; step++) {
            Interruption.check(step);
            long top = pop();
            int left = (int) top;
            if (priorities[left] == (int) (top >> 32)) {
                join(left);
            }
        }
    }

    final boolean isEmpty() {
        return count == 0;
    }

    final int symbol(int i) {
        return symbols[i];
    }

    final int start(int i) {
        return starts[i];
    }

    final int end(int i) {
        return ends[i];
    }

    /** The symbol after {@code i} in what is left, or -1. */
    final int after(int i) {
        return next[i];
    }

    private void join(int left) {
        int right = next[left];
        symbols[left] = joined(symbols[left], symbols[right], starts[left], ends[right]);
        ends[left] = ends[right];
        priorities[right] = NEVER;
        next[left] = next[right];
        if (next[right] >= 0) {
            previous[next[right]] = left;
        }
        if (previous[left] >= 0) {
            offer(previous[left]);
        }
        offer(left);
    }

    private void offer(int left) {
        int right = next[left];
        int p = right < 0 ? NEVER : priority(symbols[left], symbols[right], starts[left], ends[right]);
        priorities[left] = p;
        if (p != NEVER) {
            push((long) p << 32 | left);
        }
    }

    private void push(long entry) {
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heapSize * 2);
        }
        int i = heapSize++;
        while (i > 0) {
            int parent = (i - 1) >>> 1;
            if (heap[parent] <= entry) {
                break;
            }
            heap[i] = heap[parent];
            i = parent;
        }
        heap[i] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int i = 0;
        for (int child = 1; child < heapSize; child = 2 * i + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = last;
        return top;
    }
}
