package ai.realm.core.sampling;

/** The last tokens of a sequence, up to a limit: a ring that grows only as it fills. */
final class TokenWindow {
    private final int limit;
    private int[] ring = new int[64];
    private int head;
    private int size;

    TokenWindow(int limit) {
        this.limit = limit;
    }

    /** Adds the newest; the token that left, or -1. */
    int push(int token) {
        int left = -1;
        if (size == limit) {
            left = ring[head];
            head = (head + 1) % ring.length;
            size--;
        }
        if (size == ring.length) {
            grow();
        }
        ring[(head + size) % ring.length] = token;
        size++;
        return left;
    }

    int size() {
        return size;
    }

    /** The token {@code back} places before the newest. */
    int fromEnd(int back) {
        return ring[(head + size - 1 - back) % ring.length];
    }

    private void grow() {
        int[] larger = new int[(int) Math.min(limit, 2L * ring.length)];
        for (int i = 0; i < size; i++) {
            larger[i] = ring[(head + i) % ring.length];
        }
        ring = larger;
        head = 0;
    }
}
