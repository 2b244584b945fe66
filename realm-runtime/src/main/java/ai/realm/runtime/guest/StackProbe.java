package ai.realm.runtime.guest;

/**
 * Uses a good part of a stack before anything is locked, so that an overflow happens here or not at all. Otherwise a guest that
 * recursed almost to the end of its stack could make the host's code die halfway, with a lock held.
 */
final class StackProbe {
    /** At 100 bytes a frame and more, about 100 KiB: what the deepest host import needs, with a wide margin. */
    private static final int FRAMES = 1024;

    /** What a lock and a few calls within it need, with a wide margin. */
    private static final int FEW_FRAMES = 128;

    private StackProbe() {
    }

    /** @throws StackOverflowError when the stack has less room left */
    static void requireRoom() {
        require(FRAMES);
    }

    /** The same for an instruction that the host does, not a whole host function. */
    static void requireLittle() {
        require(FEW_FRAMES);
    }

    private static void require(int frames) {
        if (descend(frames, 1, 2, 3, 4, 5, 6, 7, 8) == 0) {
            throw new IllegalStateException("a probe of the stack went wrong");
        }
    }

    /** Its parameters are kept across the call, so they are in the frame, interpreted or compiled. */
    private static long descend(int frames, long a, long b, long c, long d, long e, long f, long g, long h) {
        if (frames == 0) {
            return 1 | a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
        }
        long below = descend(frames - 1, b + frames, c, d, e, f, g, h, a);
        return 1 | below + (a ^ b) + (c ^ d) + (e ^ f) + (g ^ h) + a * b + c * d + e * f + g * h;
    }
}
