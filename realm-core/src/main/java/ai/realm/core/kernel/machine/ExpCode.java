package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

/**
 * Emits e to the power of each lane: 2^n of the nearest whole n times a polynomial of what is left, within 2e-7 of exact; no number stays none, and
 * what is below -104 becomes zero. Keeps its constants in the twelve registers from {@link #first} on.
 */
final class ExpCode {
    static final int CONSTANTS = 12;
    private static final float[] VALUES = {-104f, 88.8f, 1.44269504f, 0.693359375f, -2.12194440e-4f, 1.98412698e-4f,
            1.38888889e-3f, 8.33333333e-3f, 4.16666667e-2f, 1.66666667e-1f, 0.5f, 1f};

    private final Assembler a;
    private final int first;

    ExpCode(Assembler a, int first) {
        this.a = a;
        this.first = first;
    }

    /** Loads the constants; changes RAX. */
    void begin() {
        for (int i = 0; i < CONSTANTS; i++) {
            Lanes.all(a, constant(i), VALUES[i]);
        }
    }

    private Vector constant(int i) {
        return zmm(first + i);
    }

    Vector one() {
        return constant(CONSTANTS - 1);
    }

    /** {@code x = e^x}; changes the other two. */
    void exp(Vector x, Vector n, Vector p) {
        a.vmaxps(x, constant(0), x);
        a.vminps(x, constant(1), x);
        a.vmulps(n, x, constant(2));
        a.vrndscaleps(n, n);
        a.vfnmadd231ps(x, n, constant(3));
        a.vfnmadd231ps(x, n, constant(4));
        a.vmovdqa32(p, constant(5));
        for (int i = 6; i < CONSTANTS; i++) {
            a.vfmadd213ps(p, x, constant(i));
        }
        a.vfmadd213ps(p, x, one());
        a.vscalefps(x, p, n);
    }
}
