package ai.realm.core.model;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;

/** Weights whose matrices are not laid out, for a model that is only asked what it keeps. */
final class UnreadWeights extends Weights {
    UnreadWeights(GgufFile file, Compute compute, Arena arena) {
        super(file, compute, arena);
    }

    @Override
    WeightMatrix prepared(TensorView t) {
        return new Unread(Math.toIntExact(t.shape().rows()), Math.toIntExact(t.shape().dim(0)), t.type());
    }

    @Override
    TensorView transposed(TensorView t) {
        return t;
    }

    /** A matrix of which only the extents are known. */
    private record Unread(int rows, int cols, GgmlType type) implements WeightMatrix {
        @Override
        public long ownedBytes() {
            return 0;
        }

        @Override
        public void dequantizeRow(int row, float[] out, int outOffset) {
            throw new UnsupportedOperationException("the weights were not read");
        }
    }
}
