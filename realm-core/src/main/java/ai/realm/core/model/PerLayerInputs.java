package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.TensorView;

/**
 * A second embedding of each token, with a few numbers for every layer: rows of a table of its own, to which a map of the first embedding is
 * added. They are computed once a pass and lie there for the layers.
 */
final class PerLayerInputs implements Ends {
    private final TensorView table;
    private final Linear projection;
    private final Norm norm;
    private final int each;
    private final FloatRows inputs;
    private final float[] looked;
    private final float projectionScale;
    private final Step.RowTask join = this::join;

    /**
     * @param table rows of {@code layers * each} numbers, read where they lie in the file
     * @param each numbers for each layer
     */
    PerLayerInputs(TensorView table, Linear projection, Norm norm, int each, int width, Scratch scratch) {
        this.table = table;
        this.projection = projection;
        this.norm = norm;
        this.each = each;
        this.inputs = scratch.rows("perLayer", projection.rows());
        this.looked = scratch.rows("perLayerTable", projection.rows()).data();
        this.projectionScale = (float) (1 / Math.sqrt(width));
    }

    /** Numbers for each layer. */
    int each() {
        return each;
    }

    @Override
    public void enter(Step step, FloatRows x) {
        projection.apply(step, x, step.count(), inputs);
        step.forRows(step.count(), join);
    }

    private void join(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        int n = inputs.cols();
        for (int row = from; row < to; row++) {
            int at = inputs.offset(row);
            k.scale(inputs.data(), at, projectionScale, n);
            for (int i = 0; i < n; i += each) {
                norm.apply(k, inputs.data(), at + i, inputs.data(), at + i);
            }
            Dequantizer.dequantize(table.type(), table.data(), step.batch().token(row) * table.rowBytes(), looked, row * n, n);
            k.addScaled(inputs.data(), at, (float) Math.sqrt(each), looked, row * n, n);
            k.scale(inputs.data(), at, (float) (1 / Math.sqrt(2)), n);
        }
    }

    /** A layer's part: {@code x += norm(out(gelu(gate(y)) * input))}, from rows y that may be x. */
    static final class Branch {
        private final PerLayerInputs inputs;
        private final Linear gate;
        private final Linear out;
        private final Norm norm;
        private final int layer;
        private final FloatRows gated;
        private final FloatRows branch;
        private final Step.RowTask multiply = this::multiply;
        private final Step.RowTask normalise = this::normalise;

        Branch(PerLayerInputs inputs, Linear gate, Linear out, Norm norm, int layer, Scratch scratch) {
            this.inputs = inputs;
            this.gate = gate;
            this.out = out;
            this.norm = norm;
            this.layer = layer;
            this.gated = scratch.rows("perLayerGate", gate.rows());
            this.branch = scratch.rows("perLayerOut", out.rows());
        }

        /** The branch's rows, to be added by the caller. */
        FloatRows apply(Step step, FloatRows y, int count) {
            gate.apply(step, y, count, gated);
            step.forRows(count, multiply);
            out.apply(step, gated, count, branch);
            step.forRows(count, normalise);
            return branch;
        }

        private void multiply(Step step, int from, int to) {
            for (int row = from; row < to; row++) {
                step.rowKernels().gate(Activation.GELU_TANH, gated.data(), gated.offset(row),
                        inputs.inputs.data(), inputs.inputs.offset(step.token(row)) + layer * inputs.each, inputs.each);
            }
        }

        private void normalise(Step step, int from, int to) {
            for (int row = from; row < to; row++) {
                norm.apply(step.rowKernels(), branch.data(), branch.offset(row), branch.data(), branch.offset(row));
            }
        }
    }
}
