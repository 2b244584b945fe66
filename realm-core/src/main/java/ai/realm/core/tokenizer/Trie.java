package ai.realm.core.tokenizer;

/** A prefix tree over strings of bytes or of characters; nodes are numbers, the root is 0. Built by one thread, then read by any. */
final class Trie {
    static final int NONE = -1;
    private static final int LABELS = 1 << 16;

    private final LongMap children;
    private final IntList values = new IntList(64);
    /** Children of the root that are bytes or ASCII: most walks end there. */
    private final int[] first = new int[256];

    Trie(int expectedNodes) {
        children = new LongMap(expectedNodes);
        values.add(NONE);
        java.util.Arrays.fill(first, NONE);
    }

    /** Adds a text; the value must not be negative. A text that is there keeps its value. */
    void put(byte[] text, int value) {
        int node = 0;
        for (byte b : text) {
            node = childMade(node, b & 0xFF);
        }
        setValue(node, value);
    }

    void put(String text, int value) {
        int node = 0;
        for (int i = 0; i < text.length(); i++) {
            node = childMade(node, text.charAt(i));
        }
        setValue(node, value);
    }

    boolean isEmpty() {
        return values.size() == 1;
    }

    /** The node below {@code node} by this byte (0 to 255) or character, or {@link #NONE}. */
    int child(int node, int label) {
        if (node == 0 && label < first.length) {
            return first[label];
        }
        long n = children.get((long) node * LABELS + label);
        return n == LongMap.NONE ? NONE : (int) n;
    }

    /** The value of the text that ends at this node, or {@link #NONE}. */
    int value(int node) {
        return values.get(node);
    }

    private int childMade(int node, int label) {
        int known = child(node, label);
        if (known >= 0) {
            return known;
        }
        int made = values.size();
        values.add(NONE);
        if (node == 0 && label < first.length) {
            first[label] = made;
        } else {
            children.putIfAbsent((long) node * LABELS + label, made);
        }
        return made;
    }

    private void setValue(int node, int value) {
        if (values.get(node) == NONE) {
            values.set(node, value);
        }
    }
}
