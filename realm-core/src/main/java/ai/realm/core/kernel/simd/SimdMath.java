package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Functions with an exponential, by range reduction to ±ln2/2 and a polynomial of degree 6 (relative error about 1e-7). The
 * polynomial is written out in each loop: a method that returns a vector is not always inlined, and then boxes.
 */
final class SimdMath {
    private static final float LOG2E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float ROUND = 0x1.8p23f;
    static final float MIN = -87.3f;
    static final float MAX = 88.3f;
    private static final float C2 = 0.5f;
    private static final float C3 = 1.66666666e-1f;
    private static final float C4 = 4.16664736e-2f;
    private static final float C5 = 8.33335994e-3f;
    private static final float C6 = 1.39255529e-3f;
    private static final float C7 = 1.98503376e-4f;

    private SimdMath() {
    }

    /** {@code x = e^(x - shift)}, 0 far below; returns the sum. */
    static float expSum(float[] x, int at, int n, float shift) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector v = FloatVector.fromArray(F, x, at + i).sub(shift);
            VectorMask<Float> tiny = v.lt(MIN);
            v = v.max(MIN).min(MAX);
            FloatVector t = v.mul(LOG2E).add(ROUND);
            FloatVector k = t.sub(ROUND);
            FloatVector r = k.fma(FloatVector.broadcast(F, -LN2_HIGH), v);
            r = k.fma(FloatVector.broadcast(F, -LN2_LOW), r);
            FloatVector p = FloatVector.broadcast(F, C7).fma(r, FloatVector.broadcast(F, C6));
            p = p.fma(r, FloatVector.broadcast(F, C5)).fma(r, FloatVector.broadcast(F, C4));
            p = p.fma(r, FloatVector.broadcast(F, C3)).fma(r, FloatVector.broadcast(F, C2));
            p = p.mul(r).fma(r, r).add(1f);
            IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            FloatVector e = p.reinterpretAsInts().add(power).reinterpretAsFloats().blend(0f, tiny);
            e.intoArray(x, at + i);
            sum = sum.add(e);
        }
        float total = sum.reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            float e = (float) Math.exp(x[at + i] - shift);
            x[at + i] = e;
            total += e;
        }
        return total;
    }

    /** The greatest of {@code start} and {@code n} numbers, whole vectors. */
    static float max(float[] x, int at, int n, float start) {
        FloatVector max = FloatVector.broadcast(F, start);
        for (int i = 0; i < n; i += FL) {
            max = max.max(FloatVector.fromArray(F, x, at + i));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    /** {@code out = e^x} of one vector. */
    static void exp(float[] x, int at, float[] out, int to) {
        FloatVector v = FloatVector.fromArray(F, x, at);
        VectorMask<Float> tiny = v.lt(MIN);
        v = v.max(MIN).min(MAX);
        FloatVector t = v.mul(LOG2E).add(ROUND);
        FloatVector k = t.sub(ROUND);
        FloatVector r = k.fma(FloatVector.broadcast(F, -LN2_HIGH), v);
        r = k.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(F, C7).fma(r, FloatVector.broadcast(F, C6));
        p = p.fma(r, FloatVector.broadcast(F, C5)).fma(r, FloatVector.broadcast(F, C4));
        p = p.fma(r, FloatVector.broadcast(F, C3)).fma(r, FloatVector.broadcast(F, C2));
        p = p.mul(r).fma(r, r).add(1f);
        IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        FloatVector e = p.reinterpretAsInts().add(power).reinterpretAsFloats().blend(0f, tiny);
        e.intoArray(out, to);
    }

    /**
     * {@code x[i][c] = e^(x[i][c] - shift[c])} for one vector of columns and {@code n} rows {@code stride} apart, adding them to
     * {@code sums[c]}.
     */
    static void expColumn(float[] x, int n, int stride, int c, float[] shift, int shiftAt, float[] sums, int sumAt) {
        FloatVector max = FloatVector.fromArray(F, shift, shiftAt);
        FloatVector sum = FloatVector.fromArray(F, sums, sumAt);
        for (int i = 0; i < n; i++) {
            FloatVector v = FloatVector.fromArray(F, x, i * stride + c).sub(max);
            VectorMask<Float> tiny = v.lt(MIN);
            v = v.max(MIN).min(MAX);
            FloatVector t = v.mul(LOG2E).add(ROUND);
            FloatVector k = t.sub(ROUND);
            FloatVector r = k.fma(FloatVector.broadcast(F, -LN2_HIGH), v);
            r = k.fma(FloatVector.broadcast(F, -LN2_LOW), r);
            FloatVector p = FloatVector.broadcast(F, C7).fma(r, FloatVector.broadcast(F, C6));
            p = p.fma(r, FloatVector.broadcast(F, C5)).fma(r, FloatVector.broadcast(F, C4));
            p = p.fma(r, FloatVector.broadcast(F, C3)).fma(r, FloatVector.broadcast(F, C2));
            p = p.mul(r).fma(r, r).add(1f);
            IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            FloatVector e = p.reinterpretAsInts().add(power).reinterpretAsFloats().blend(0f, tiny);
            e.intoArray(x, i * stride + c);
            sum = sum.add(e);
        }
        sum.intoArray(sums, sumAt);
    }

    static void activate(Activation activation, float[] x, int at, int n) {
        switch (activation) {
            case SILU -> swish(x, at, n, 1f, 0f);
            case GELU_TANH -> swish(x, at, n, 1.5957691216f, 0.044715f);
            case GELU_QUICK -> swish(x, at, n, 1.702f, 0f);
            case GELU_ERF, RELU, RELU_SQUARED, SIGMOID, TANH -> rest(activation, x, at, 0, n);
        }
    }

    private static void rest(Activation activation, float[] x, int at, int from, int n) {
        for (int i = from; i < n; i++) {
            x[at + i] = ActivationMath.apply(activation, x[at + i]);
        }
    }

    /** {@code x / (1 + e^-z)} with {@code z = slope * x * (1 + cubic * x²)}: SiLU and the GELUs made of a tanh or a sigmoid. */
    private static void swish(float[] x, int at, int n, float slope, float cubic) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector u = FloatVector.fromArray(F, x, at + i);
            FloatVector v = u.mul(u).fma(FloatVector.broadcast(F, cubic), FloatVector.broadcast(F, 1f)).mul(u).mul(-slope)
                    .max(MIN)
                    .min(MAX);
            FloatVector t = v.mul(LOG2E).add(ROUND);
            FloatVector k = t.sub(ROUND);
            FloatVector r = k.fma(FloatVector.broadcast(F, -LN2_HIGH), v);
            r = k.fma(FloatVector.broadcast(F, -LN2_LOW), r);
            FloatVector p = FloatVector.broadcast(F, C7).fma(r, FloatVector.broadcast(F, C6));
            p = p.fma(r, FloatVector.broadcast(F, C5)).fma(r, FloatVector.broadcast(F, C4));
            p = p.fma(r, FloatVector.broadcast(F, C3)).fma(r, FloatVector.broadcast(F, C2));
            p = p.mul(r).fma(r, r).add(1f);
            IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            u.div(p.reinterpretAsInts().add(power).reinterpretAsFloats().add(1f)).intoArray(x, at + i);
        }
        for (; i < n; i++) {
            double u = x[at + i];
            x[at + i] = (float) (u / (1 + Math.exp(-slope * u * (1 + cubic * u * u))));
        }
    }
}
