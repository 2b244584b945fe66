package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMath;
import ai.realm.core.kernel.Rotation;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.RowKernels;
import java.lang.foreign.MemorySegment;

/** Rows as plain loops over floats, sums in double: the definition, never tuned. Stateless. */
final class ScalarRows implements RowKernels {
    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int n) {
        return sum(a, aOffset, b, bOffset, n);
    }

    static float sum(float[] a, int aOffset, float[] b, int bOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) a[aOffset + i] * b[bOffset + i];
        }
        return (float) sum;
    }

    @Override
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    public void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += a * y[yOffset + i];
        }
    }

    @Override
    public void addLowRank(float[] y, int yOffset, int rows, float scale, LowRankPanel kind, MemorySegment memory, long downAt,
            long upAt, float[] x, int xOffset, int cols) {
        for (int r = 0; r < LowRankPanel.ROWS; r++) {
            double sum = 0;
            for (int i = 0; i < cols; i++) {
                sum += (double) kind.number(memory, downAt, r, i) * x[xOffset + i];
            }
            float part = scale * LowRankPanel.factor(memory, downAt, r) * (float) sum;
            for (int i = 0; i < rows; i++) {
                y[yOffset + i] += part * kind.number(memory, upAt, r, i);
            }
        }
    }

    @Override
    public void multiply(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] *= y[yOffset + i];
        }
    }

    @Override
    public void scale(float[] x, int xOffset, float a, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] *= a;
        }
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, float eps, float[] out, int outOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) x[xOffset + i] * x[xOffset + i];
        }
        float factor = (float) (1 / Math.sqrt(sum / n + eps));
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = x[xOffset + i] * factor * weight[i];
        }
    }

    @Override
    public void layerNorm(float[] x, int xOffset, float[] weight, float[] bias, float eps, float[] out, int outOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[xOffset + i];
        }
        double mean = sum / n;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double d = x[xOffset + i] - mean;
            squares += d * d;
        }
        double factor = 1 / Math.sqrt(squares / n + eps);
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = (float) ((x[xOffset + i] - mean) * factor) * weight[i] + bias[i];
        }
    }

    @Override
    public void softmax(float[] x, int offset, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[offset + i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp(x[offset + i] - max);
            x[offset + i] = e;
            sum += e;
        }
        float factor = (float) (1 / sum);
        for (int i = 0; i < n; i++) {
            x[offset + i] *= factor;
        }
    }

    @Override
    public void activate(Activation activation, float[] x, int offset, int n) {
        for (int i = offset; i < offset + n; i++) {
            x[i] = ActivationMath.apply(activation, x[i]);
        }
    }

    @Override
    public void gate(Activation activation, float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            gate[gateOffset + i] = ActivationMath.apply(activation, gate[gateOffset + i]) * up[upOffset + i];
        }
    }

    @Override
    public void rotate(boolean neighbours, float[] x, int offset, int stride, int heads, float[] cos, float[] sin, int table,
            int pairs) {
        Rotation.rotate(neighbours, x, offset, stride, heads, cos, sin, table, pairs);
    }
}
