package ai.realm.core.tokenizer;

import java.util.Arrays;

/** A growing list of ints without boxing. Not thread-safe. */
final class IntList {
    private int[] values;
    private int size;

    IntList(int capacity) {
        values = new int[Math.max(8, capacity)];
    }

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size + (size >> 1) + 8);
        }
        values[size++] = value;
    }

    void addAll(int[] more) {
        if (values.length - size < more.length) {
            values = Arrays.copyOf(values, Math.max(size + more.length, size + (size >> 1) + 8));
        }
        System.arraycopy(more, 0, values, size, more.length);
        size += more.length;
    }

    int get(int i) {
        return values[i];
    }

    void set(int i, int value) {
        values[i] = value;
    }

    int size() {
        return size;
    }

    void truncate(int newSize) {
        size = newSize;
    }

    /** Turns the order of the elements from {@code from} on around. */
    void reverse(int from) {
        for (int i = from, j = size - 1; i < j; i++, j--) {
            int t = values[i];
            values[i] = values[j];
            values[j] = t;
        }
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }

    int[] toArray(int from) {
        return Arrays.copyOfRange(values, from, size);
    }
}
