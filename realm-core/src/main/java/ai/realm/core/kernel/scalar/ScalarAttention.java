package ai.realm.core.kernel.scalar;

import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.AttentionTile;
import ai.realm.core.kernel.KvType;
import java.lang.foreign.MemorySegment;

/** Attention of a tile by its definition: all scores of a row, their softmax in double, the weighted sum of the values. */
final class ScalarAttention implements AttentionKernels {
    @Override
    public void storeKv(float[] x, int xOffset, int n, KvType type, MemorySegment memory, long at) {
        ScalarKv.store(x, xOffset, n, type, memory, at);
    }

    @Override
    public void attend(AttentionTile tile) {
        float[] key = new float[tile.keyDim()];
        float[] value = new float[tile.valueDim()];
        double[] scores = new double[Math.max(1, tile.highest())];
        for (int row = 0; row < tile.rows(); row++) {
            double max = tile.hasSinks() ? tile.sink(row) : Double.NEGATIVE_INFINITY;
            for (int p = tile.low(row); p < tile.high(row); p++) {
                ScalarKv.load(tile.type(), tile.memory(), tile.keyAt(p), key, key.length);
                scores[p] = score(tile, row, key) + (tile.hasSlopes() ? tile.bias(row, p) : 0);
                max = Math.max(max, scores[p]);
            }
            double sum = tile.hasSinks() ? Math.exp(tile.sink(row) - max) : 0;
            double[] out = new double[value.length];
            for (int p = tile.low(row); p < tile.high(row); p++) {
                double weight = Math.exp(scores[p] - max);
                sum += weight;
                ScalarKv.load(tile.type(), tile.memory(), tile.valueAt(p), value, value.length);
                for (int d = 0; d < value.length; d++) {
                    out[d] += weight * value[d];
                }
            }
            for (int d = 0; d < value.length; d++) {
                tile.out()[row * value.length + d] = sum == 0 ? 0 : (float) (out[d] / sum);
            }
        }
    }

    private static double score(AttentionTile tile, int row, float[] key) {
        double dot = 0;
        for (int d = 0; d < key.length; d++) {
            dot += (double) tile.queries()[row * key.length + d] * key[d];
        }
        double score = dot * tile.scale();
        return tile.softCap() > 0 ? tile.softCap() * Math.tanh(score / tile.softCap()) : score;
    }
}
