package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.Rotation;
import ai.realm.core.kernel.RowKernels;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Rows with the Vector API, at the width of {@link Lanes}. Stateless. */
final class SimdRows implements RowKernels {
    @Override
    public float dot(float[] a, int aOffset, float[] b, int bOffset, int n) {
        return Dot.dot(a, aOffset, b, bOffset, n);
    }

    @Override
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).add(FloatVector.fromArray(F, y, yOffset + i)).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    public void addScaled(float[] x, int xOffset, float a, float[] y, int yOffset, int n) {
        Dot.addScaled(x, xOffset, a, y, yOffset, n);
    }

    @Override
    public void addLowRank(float[] y, int yOffset, int rows, float scale, LowRankPanel kind, MemorySegment memory, long downAt,
            long upAt, float[] x, int xOffset, int cols) {
        for (int r = 0; r < LowRankPanel.ROWS; r++) {
            float factor = LowRankPanel.factor(memory, downAt, r);
            if (factor != 0) {
                float part = scale * factor * VectorLoads.dotPanelRow(kind, memory, downAt, r, x, xOffset, cols);
                VectorLoads.addScaledPanelRow(y, yOffset, part, kind, memory, upAt, r, rows);
            }
        }
    }

    @Override
    public void multiply(float[] x, int xOffset, float[] y, int yOffset, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).mul(FloatVector.fromArray(F, y, yOffset + i)).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] *= y[yOffset + i];
        }
    }

    @Override
    public void scale(float[] x, int xOffset, float a, int n) {
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).mul(a).intoArray(x, xOffset + i);
        }
        for (; i < n; i++) {
            x[xOffset + i] *= a;
        }
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, float eps, float[] out, int outOffset, int n) {
        float factor = (float) (1 / Math.sqrt((double) Dot.dot(x, xOffset, x, xOffset, n) / n + eps));
        int i = 0;
        for (; i + FL <= n; i += FL) {
            FloatVector.fromArray(F, x, xOffset + i).mul(factor).mul(FloatVector.fromArray(F, weight, i)).intoArray(out,
                    outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = x[xOffset + i] * factor * weight[i];
        }
    }

    @Override
    public void layerNorm(float[] x, int xOffset, float[] weight, float[] bias, float eps, float[] out, int outOffset, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[xOffset + i];
        }
        float mean = (float) (sum / n);
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = x[xOffset + i] - mean;
        }
        float factor = (float) (1 / Math.sqrt((double) Dot.dot(out, outOffset, out, outOffset, n) / n + eps));
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = out[outOffset + i] * factor * weight[i] + bias[i];
        }
    }

    @Override
    public void softmax(float[] x, int offset, int n) {
        int whole = n / FL * FL;
        float max = SimdMath.max(x, offset, whole, Float.NEGATIVE_INFINITY);
        for (int i = whole; i < n; i++) {
            max = Math.max(max, x[offset + i]);
        }
        scale(x, offset, 1 / SimdMath.expSum(x, offset, n, max), n);
    }

    @Override
    public void activate(Activation activation, float[] x, int offset, int n) {
        SimdMath.activate(activation, x, offset, n);
    }

    @Override
    public void gate(Activation activation, float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        SimdMath.activate(activation, gate, gateOffset, n);
        multiply(gate, gateOffset, up, upOffset, n);
    }

    @Override
    public void rotate(boolean neighbours, float[] x, int offset, int stride, int heads, float[] cos, float[] sin, int table,
            int pairs) {
        Rotation.rotate(neighbours, x, offset, stride, heads, cos, sin, table, pairs);
    }
}
