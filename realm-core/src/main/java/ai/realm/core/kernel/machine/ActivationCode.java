package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.Activation;

/** Emits the non-linear functions of MLPs, for AVX-512, with the arguments of {@link RowCode}. */
final class ActivationCode extends RowLoops {
    /**
     * Half the complement of the error function, within 7.5e-8: 7.1.26 in Abramowitz and Stegun, Handbook of Mathematical Functions. In this order: the
     * factor of the size, coefficients from the fifth to the first, the exponent's factor, zero, and a size that is as good as infinite.
     */
    private static final float[] NORMAL = {0.3275911f * 0.70710678f, 0.5307027145f, -0.7265760135f, 0.7107068705f,
            -0.142248368f, 0.127414796f, -0.5f, 0f, 1e15f};

    private ActivationCode() {
    }

    /** {@code x = activation(x)}, times the second row when {@code gated}. */
    static Assembler activate(Activation activation, boolean gated) {
        ActivationCode c = new ActivationCode();
        Assembler a = c.a;
        c.begin();
        c.exp.begin();
        c.slopes(activation);
        c.length(Gpr.R8);
        c.one((lane, mask) -> {
            c.load(zmm(0), Gpr.RDI, 0, mask);
            c.apply(activation);
            if (gated) {
                c.load(zmm(2), Gpr.RDX, 0, mask);
                a.vmulps(zmm(0), zmm(0), zmm(2));
            }
            c.store(Gpr.RDI, 0, mask, zmm(0));
        }, Gpr.RDI, Gpr.RDX);
        return c.end();
    }

    /** ZMM16: the factor of the exponent, ZMM17: that of x³, ZMM18: zero or two. */
    private void slopes(Activation activation) {
        if (activation == Activation.GELU_ERF) {
            for (int i = 0; i < NORMAL.length; i++) {
                Lanes.all(a, zmm(4 + i), NORMAL[i]);
            }
            Lanes.all(a, zmm(16), 0x7fffffff);
            return;
        }
        float slope = switch (activation) {
            case GELU_TANH -> -1.5957691216f;
            case GELU_QUICK -> -1.702f;
            case TANH -> 2f;
            default -> -1f;
        };
        Lanes.all(a, zmm(16), slope);
        Lanes.all(a, zmm(17), 0.044715f);
        Lanes.all(a, zmm(18), activation == Activation.TANH ? 2f : 0f);
    }

    /** Of ZMM0; changes 1 to 3. */
    private void apply(Activation activation) {
        Vector x = zmm(0);
        Vector e = zmm(1);
        if (activation == Activation.RELU || activation == Activation.RELU_SQUARED) {
            a.vmaxps(x, zmm(18), x);
            if (activation == Activation.RELU_SQUARED) {
                a.vmulps(x, x, x);
            }
            return;
        }
        if (activation == Activation.GELU_ERF) {
            geluByErf(x, e);
            return;
        }
        if (activation == Activation.GELU_TANH) {
            a.vmulps(e, x, x);
            a.vmulps(e, e, zmm(17));
            a.vfmadd213ps(e, x, x);
            a.vmulps(e, e, zmm(16));
        } else {
            a.vmulps(e, x, zmm(16));
        }
        exp.exp(e, zmm(2), zmm(3));
        a.vaddps(e, e, exp.one());
        switch (activation) {
            case SIGMOID -> a.vdivps(x, exp.one(), e);
            case TANH -> {
                a.vdivps(e, zmm(18), e);
                a.vsubps(x, exp.one(), e);
            }
            default -> a.vdivps(x, x, e);
        }
    }

    /** x less |x| times the normal distribution at -|x| where x is positive, else that alone, negated. */
    private void geluByErf(Vector x, Vector e) {
        Vector size = zmm(13);
        Vector t = zmm(14);
        Vector sum = zmm(15);
        a.vpandd(size, x, zmm(16));
        a.vminps(size, zmm(12), size);
        a.vmovdqa32(t, exp.one());
        a.vfmadd231ps(t, size, zmm(4));
        a.vdivps(t, exp.one(), t);
        a.vmovdqa32(sum, zmm(5));
        for (int i = 6; i < 10; i++) {
            a.vfmadd213ps(sum, t, zmm(i));
        }
        a.vmulps(sum, sum, t);
        a.vmulps(e, size, size);
        a.vmulps(e, e, zmm(10));
        exp.exp(e, zmm(2), zmm(3));
        a.vmulps(sum, sum, e);
        a.vmulps(sum, sum, size);
        a.vmaxps(x, zmm(11), x);
        a.vsubps(x, x, sum);
    }
}
