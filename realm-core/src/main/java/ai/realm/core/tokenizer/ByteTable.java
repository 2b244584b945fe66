package ai.realm.core.tokenizer;

import java.util.Arrays;

/** A set of byte strings numbered from 0 in the order they came, looked up by slices of longer texts without copying them. */
final class ByteTable {
    private byte[][] texts;
    private int[] hashes;
    private int[] slots;
    private int size;
    private int longest;

    ByteTable(int expected) {
        texts = new byte[Math.max(16, expected)][];
        hashes = new int[texts.length];
        slots = new int[Integer.highestOneBit(texts.length) * 4];
        Arrays.fill(slots, -1);
    }

    int size() {
        return size;
    }

    /** Length in bytes of the longest text. */
    int longest() {
        return longest;
    }

    byte[] text(int number) {
        return texts[number];
    }

    int find(byte[] text) {
        return find(text, 0, text.length);
    }

    /** The number of the text {@code buffer[from, to)}, or -1. */
    int find(byte[] buffer, int from, int to) {
        if (to - from > longest) {
            return -1;
        }
        int hash = hash(buffer, from, to);
        int mask = slots.length - 1;
        for (int i = hash & mask; slots[i] >= 0; i = (i + 1) & mask) {
            int n = slots[i];
            if (hashes[n] == hash && Arrays.equals(texts[n], 0, texts[n].length, buffer, from, to)) {
                return n;
            }
        }
        return -1;
    }

    /** Adds a text that is absent and gives its number, or the number it has already. */
    int intern(byte[] text) {
        int known = find(text);
        if (known >= 0) {
            return known;
        }
        if (size == texts.length) {
            grow();
        }
        int hash = hash(text, 0, text.length);
        texts[size] = text;
        hashes[size] = hash;
        place(size, hash);
        longest = Math.max(longest, text.length);
        return size++;
    }

    private void place(int number, int hash) {
        int mask = slots.length - 1;
        int i = hash & mask;
        while (slots[i] >= 0) {
            i = (i + 1) & mask;
        }
        slots[i] = number;
    }

    private void grow() {
        texts = Arrays.copyOf(texts, size * 2);
        hashes = Arrays.copyOf(hashes, size * 2);
        slots = new int[Integer.highestOneBit(texts.length) * 4];
        Arrays.fill(slots, -1);
        for (int i = 0; i < size; i++) {
            place(i, hashes[i]);
        }
    }

    private static int hash(byte[] b, int from, int to) {
        int h = 0x811C9DC5;
        for (int i = from; i < to; i++) {
            h = (h ^ (b[i] & 0xFF)) * 0x01000193;
        }
        h ^= h >>> 15;
        h *= 0x2C1B3C6D;
        return h ^ h >>> 13;
    }
}
