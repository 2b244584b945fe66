package ai.realm.core.tokenizer;

/** A prefix tree over byte strings; nodes are numbers, the root is 0. Built by one thread, then read by any. */
final class ByteTrie {
    static final int NONE = -1;

    private final LongMap children;
    private final IntList values = new IntList(64);
    private int longest;

    ByteTrie(int expectedNodes) {
        children = new LongMap(expectedNodes);
        values.add(NONE);
    }

    /** Adds a text; the value must not be negative. A text that is there keeps its value. */
    void put(byte[] text, int value) {
        int node = 0;
        for (byte b : text) {
            int next = child(node, b);
            if (next < 0) {
                next = values.size();
                values.add(NONE);
                children.putIfAbsent(key(node, b), next);
            }
            node = next;
        }
        if (values.get(node) == NONE) {
            values.set(node, value);
        }
        longest = Math.max(longest, text.length);
    }

    int longest() {
        return longest;
    }

    boolean isEmpty() {
        return longest == 0;
    }

    /** The node below {@code node} by this byte, or {@link #NONE}. */
    int child(int node, byte b) {
        long n = children.get(key(node, b));
        return n == LongMap.NONE ? NONE : (int) n;
    }

    /** The value of the text that ends at this node, or {@link #NONE}. */
    int value(int node) {
        return values.get(node);
    }

    private static long key(int node, byte b) {
        return (long) node << 8 | (b & 0xFF);
    }
}
