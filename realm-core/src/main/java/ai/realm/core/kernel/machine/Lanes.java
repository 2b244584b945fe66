package ai.realm.core.kernel.machine;

/** Emits what combines all lanes of a vector of 512 bits, and what fills them with one number. */
final class Lanes {
    private static final int SWAP_HALVES = 0x4e;
    private static final int SWAP_NEIGHBOURS = 0xb1;

    private Lanes() {
    }

    /** A constant in all lanes; changes RAX. */
    static void all(Assembler a, Vector to, int bits) {
        a.mov32(Gpr.RAX, bits);
        a.vpbroadcastd(to, Gpr.RAX);
    }

    static void all(Assembler a, Vector to, float value) {
        all(a, to, Float.floatToIntBits(value));
    }

    static void zero(Assembler a, Vector v) {
        a.vpxord(v, v, v);
    }

    /** The greatest lane in all lanes. */
    static void greatest(Assembler a, Vector v, Vector other) {
        a.vshuff64x2(other, v, v, SWAP_HALVES);
        a.vmaxps(v, v, other);
        a.vshuff64x2(other, v, v, SWAP_NEIGHBOURS);
        a.vmaxps(v, v, other);
        a.vpermilps(other, v, SWAP_HALVES);
        a.vmaxps(v, v, other);
        a.vpermilps(other, v, SWAP_NEIGHBOURS);
        a.vmaxps(v, v, other);
    }

    /** The sum of all lanes in all lanes. */
    static void sum(Assembler a, Vector v, Vector other) {
        foldTo128(a, v, other);
        a.vpermilps(other, v, SWAP_HALVES);
        a.vaddps(v, v, other);
        a.vpermilps(other, v, SWAP_NEIGHBOURS);
        a.vaddps(v, v, other);
    }

    /** In each 128 bits the sum of all four. */
    static void foldTo128(Assembler a, Vector v, Vector other) {
        a.vshuff64x2(other, v, v, SWAP_HALVES);
        a.vaddps(v, v, other);
        a.vshuff64x2(other, v, v, SWAP_NEIGHBOURS);
        a.vaddps(v, v, other);
    }
}
