package ai.realm.core.model;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.WorkerPool;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A mixture of experts: a router chooses a few gated MLPs for each token, and their outputs are summed by weight, with those of
 * an expert that all tokens share where there is one. A batch's tokens are gathered by expert, so that an expert's weights are
 * read once for all its tokens; the threads take pieces of that work one after the other.
 */
final class ExpertMlp implements FeedForward {
    /** Tokens that a thread takes through an expert at once. */
    private static final int TILE = 64;

    /** How gate and up are joined. */
    enum Gate {
        SILU,
        GELU,
        RELU,
        /** gpt-oss: {@code min(gate, 7)}, {@code clamp(up, ±7)}, {@code gate * sigmoid(1.702 gate) * (up + 1)}. */
        CLAMPED
    }

    /**
     * The experts' maps, one of each for every expert.
     *
     * @param gate null for MLPs without a gate
     * @param ungated what such MLPs do with {@code up}'s output
     */
    record Experts(Linear.@Nullable Stack gate, Linear.Stack up, Linear.Stack down, Gate join, Activation ungated) {}

    /**
     * What a form of experts does otherwise than most.
     *
     * @param routedBy the rows that the router sees; null for the experts' own
     * @param weighInput whether an expert's weight multiplies its input, not its output
     */
    record Peculiar(@Nullable FloatRows routedBy, boolean weighInput) {
        static final Peculiar NONE = new Peculiar(null, false);
    }

    private final Router router;
    private final Experts experts;
    private final Peculiar peculiar;
    private final @Nullable FeedForward shared;
    private final @Nullable Linear sharedGate;
    private final int used;
    private final int[] chosen;
    private final float[] weights;
    private final int[] order;
    private final int[] begins;
    private final int[] items;
    private final FloatRows results;
    private final FloatRows sharedOut;
    private final FloatRows sharedScale;
    private final Worker[] workers;
    private final Region region = new Region();
    private final Step.RowTask sum = this::sum;
    private @Nullable FloatRows output;
    private int itemCount;

    /**
     * @param shared what every token passes besides its experts, or null
     * @param sharedGate a map to one number, whose sigmoid scales the shared output; or null
     */
    ExpertMlp(Router router, Experts experts, @Nullable FeedForward shared, @Nullable Linear sharedGate, Peculiar peculiar,
            int width, int threads, ProductKernels kernels, Scratch scratch) {
        this.peculiar = peculiar;
        this.router = router;
        this.experts = experts;
        this.shared = shared;
        this.sharedGate = sharedGate;
        this.used = router.spec().used();
        int slots = Math.multiplyExact(scratch.maxBatch(), used);
        this.chosen = new int[slots];
        this.weights = new float[slots];
        this.order = new int[slots];
        this.begins = new int[router.spec().experts() + 1];
        this.items = new int[3 * (router.spec().experts() + Math.ceilDiv(slots, TILE))];
        this.results = scratch.rows("expertOut", slots, width);
        this.sharedOut = scratch.rows("sharedOut", shared == null ? 0 : width);
        this.sharedScale = scratch.rows("sharedScale", 1);
        this.workers = new Worker[threads];
        Arrays.setAll(workers, i -> new Worker(kernels, scratch, i, width, experts.up.rows()));
    }

    @Override
    public void apply(Step step, FloatRows in, FloatRows out, int count) {
        output = out;
        router.route(step, peculiar.routedBy == null ? in : peculiar.routedBy, count, chosen, weights);
        sort(count);
        cut();
        region.run(step, in);
        if (shared != null) {
            shared.apply(step, in, sharedOut, count);
            if (sharedGate != null) {
                sharedGate.apply(step, in, count, sharedScale);
            }
        }
        step.forRows(count, sum);
    }

    /** Counting sort of the assignments by expert. */
    private void sort(int count) {
        Arrays.fill(begins, 0);
        for (int i = 0; i < count * used; i++) {
            begins[chosen[i] + 1]++;
        }
        for (int e = 1; e < begins.length; e++) {
            begins[e] += begins[e - 1];
        }
        for (int i = count * used - 1; i >= 0; i--) {
            int e = chosen[i];
            order[--begins[e + 1]] = i;
        }
        // Every begin has moved to its expert's start, one place too far right.
        System.arraycopy(begins, 1, begins, 0, begins.length - 1);
        begins[begins.length - 1] = count * used;
    }

    /** Cuts each expert's assignments into tiles. */
    private void cut() {
        itemCount = 0;
        for (int e = 0; e < begins.length - 1; e++) {
            for (int from = begins[e]; from < begins[e + 1]; from += TILE) {
                items[3 * itemCount] = e;
                items[3 * itemCount + 1] = from;
                items[3 * itemCount + 2] = Math.min(TILE, begins[e + 1] - from);
                itemCount++;
            }
        }
    }

    /** A token's output: its experts' results, weighed, and the shared expert's. */
    private void sum(Step step, int from, int to) {
        RowKernels k = step.rowKernels();
        FloatRows out = Objects.requireNonNull(output);
        for (int row = from; row < to; row++) {
            int at = out.offset(row);
            Arrays.fill(out.data(), at, at + out.cols(), 0f);
            for (int i = row * used; i < (row + 1) * used; i++) {
                k.addScaled(out.data(), at, peculiar.weighInput ? 1f : weights[i], results.data(), results.offset(i), out.cols());
            }
            if (shared != null) {
                k.addScaled(out.data(), at, sharedScale(row), sharedOut.data(), sharedOut.offset(row), out.cols());
            }
        }
    }

    private float sharedScale(int row) {
        return sharedGate == null ? 1f : (float) (1 / (1 + Math.exp(-sharedScale.data()[sharedScale.offset(row)])));
    }

    /** The parallel region over experts and tiles. */
    private final class Region implements WorkerPool.Task {
        private final AtomicInteger next = new AtomicInteger();
        private @Nullable Step step;
        private @Nullable FloatRows in;

        void run(Step newStep, FloatRows newIn) {
            step = newStep;
            in = newIn;
            next.set(0);
            newStep.compute().pool().run(Math.min(workers.length, itemCount), this);
        }

        @Override
        public void run(int part) {
            for (int item = next.getAndIncrement(); item < itemCount; item = next.getAndIncrement()) {
                workers[part].expert(Objects.requireNonNull(step), Objects.requireNonNull(in), items[3 * item],
                        items[3 * item + 1],
                        items[3 * item + 2]);
            }
        }
    }

    /** One thread's scratch for a tile of tokens in one expert. */
    private final class Worker {
        private final FloatRows x;
        private final FloatRows gate;
        private final FloatRows up;
        private final FloatRows y;
        private final Linear.Input input;
        private final Linear.Input hidden;
        private final int[] rows = new int[TILE];

        Worker(ProductKernels kernels, Scratch scratch, int index, int width, int hiddenWidth) {
            x = scratch.rows("expertX" + index, TILE, width);
            y = scratch.rows("expertY" + index, TILE, width);
            gate = scratch.rows("expertGate" + index, TILE, hiddenWidth);
            up = scratch.rows("expertUp" + index, TILE, hiddenWidth);
            input = scratch.input(kernels, "expertIn" + index, TILE, width);
            hidden = scratch.input(kernels, "expertHidden" + index, TILE, hiddenWidth);
        }

        void expert(Step step, FloatRows in, int expert, int from, int count) {
            RowKernels k = step.rowKernels();
            for (int i = 0; i < count; i++) {
                rows[i] = order[from + i] / used;
                System.arraycopy(in.data(), in.offset(rows[i]), x.data(), x.offset(i), in.cols());
                if (peculiar.weighInput) {
                    k.scale(x.data(), x.offset(i), weights[order[from + i]], x.cols());
                }
            }
            input.begin(x.data(), 0, x.cols(), count, rows);
            if (experts.gate == null) {
                experts.up.apply(step, expert, input, gate.data(), 0, gate.cols());
            } else {
                experts.gate.apply(step, expert, input, gate.data(), 0, gate.cols());
                experts.up.apply(step, expert, input, up.data(), 0, up.cols());
            }
            for (int i = 0; i < count; i++) {
                if (experts.gate == null) {
                    k.activate(experts.ungated, gate.data(), gate.offset(i), gate.cols());
                } else {
                    join(k, i);
                }
            }
            hidden.begin(gate.data(), 0, gate.cols(), count, rows);
            experts.down.apply(step, expert, hidden, y.data(), 0, y.cols());
            for (int i = 0; i < count; i++) {
                System.arraycopy(y.data(), y.offset(i), results.data(), results.offset(order[from + i]), y.cols());
            }
        }

        private void join(RowKernels k, int row) {
            int g = gate.offset(row);
            int u = up.offset(row);
            switch (experts.join) {
                case SILU -> k.gate(Activation.SILU, gate.data(), g, up.data(), u, up.cols());
                case GELU -> k.gate(Activation.GELU_TANH, gate.data(), g, up.data(), u, up.cols());
                case RELU -> k.gate(Activation.RELU, gate.data(), g, up.data(), u, up.cols());
                case CLAMPED -> {
                    for (int i = 0; i < up.cols(); i++) {
                        gate.data()[g + i] = Math.min(gate.data()[g + i], 7f);
                        up.data()[u + i] = Math.clamp(up.data()[u + i], -7f, 7f) + 1f;
                    }
                    k.gate(Activation.GELU_QUICK, gate.data(), g, up.data(), u, up.cols());
                }
            }
        }
    }
}
