package ai.realm.core.kernel;

import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The checked facade of the kernels: matrix products and row loops split over a {@link WorkerPool}, shapes checked once per
 * call. Its scratch memory is its own: one forward pass at a time; a second model takes a {@link #share} of the same threads.
 */
public final class Compute implements AutoCloseable {
    private static final int MIN_PARALLEL_ROWS = 2;
    /** Multiply-adds that are worth a hand-over to another thread. */
    private static final long MIN_PART_WORK = 1 << 15;
    /** Tokens that are worth unpacking a panel of weights once more. */
    private static final int MIN_PART_TOKENS = 8;
    /** Multiply-adds of an aligned unit of rows with all tokens that are worth cutting. */
    private static final long MIN_CUT_WORK = 1 << 18;

    private final Options options;
    private final Kernels kernels;
    private final ProductKernels multiplier;
    private final WorkerPool pool;
    private final boolean ownsPool;
    private final String description;
    /** Of each matrix only the first rows that a product takes together. */
    private final boolean sample;
    private Activations[] scratch = new Activations[0];
    private int[] scratchCols = new int[0];
    private final Products products = new Products();
    private final Ahead ahead = new Ahead();
    private @Nullable ProductOrder order;
    private final Filling filling = new Filling();
    private final Ranges ranges = new Ranges();
    private final WeightMatrix[] oneWeight = new WeightMatrix[1];
    private final FloatRows[] oneOut = new FloatRows[1];

    private Compute(Options options, Kernels kernels, WorkerPool pool, boolean ownsPool, String description,
            boolean sample) {
        this.options = options;
        this.kernels = kernels;
        this.multiplier = kernels.products();
        this.pool = pool;
        this.ownsPool = ownsPool;
        this.description = description;
        this.sample = sample;
    }

    /**
     * What to compute with.
     *
     * @param threads threads, the caller's included
     * @param kernels {@code auto} or the name of a provider
     */
    public record Options(int threads, ActivationMode activationMode, String kernels) {
        public Options {
            if (threads < 1 || threads > 1024) {
                throw new IllegalArgumentException("threads must be 1..1024, not " + threads);
            }
            Objects.requireNonNull(activationMode, "activationMode");
            Objects.requireNonNull(kernels, "kernels");
        }

        /**
         * All available processors, and {@code -Drealm.kernels=auto|scalar|simd|machine} and {@code -Drealm.activations=int8|f32} or
         * their defaults, the first of each. The vectors' width is one for the whole process: {@code -Drealm.vector.bits}.
         */
        public static Options defaults() {
            String mode = System.getProperty("realm.activations", "int8");
            return new Options(Runtime.getRuntime().availableProcessors(), switch (mode) {
                case "int8" -> ActivationMode.INT8;
                case "f32" -> ActivationMode.F32;
                default -> throw new IllegalArgumentException("realm.activations must be int8 or f32, not " + mode);
            }, System.getProperty("realm.kernels", "auto"));
        }

        public Options withThreads(int n) {
            return new Options(n, activationMode, kernels);
        }

        public Options withActivationMode(ActivationMode mode) {
            return new Options(threads, mode, kernels);
        }

        public Options withKernels(String name) {
            return new Options(threads, activationMode, name);
        }
    }

    /** Chooses kernels and starts the threads. */
    public static Compute open(Options options) {
        KernelsChoice choice = KernelsChoice.choose(options);
        return new Compute(options, choice.kernels(), SpinPool.open(options.threads()), true, choice.reason(), false);
    }

    /** The same kernels and threads with scratch memory of its own; closing it does not end the threads. */
    public Compute share() {
        return new Compute(options, kernels, pool, false, description, false);
    }

    /**
     * The same kernels for warming up: on the caller's thread alone, and of each matrix only the first rows, so that a product
     * costs little while it is not compiled yet. What it computes means nothing.
     */
    public Compute sample() {
        return new Compute(options, kernels, SpinPool.open(1), true, description, true);
    }

    /** One line for the log: kernels, why these, threads and activation mode. */
    public String describe() {
        return String.format(Locale.ROOT, "kernels %s (%s), %d threads, activations %s", kernels.name(), description,
                pool.threads(), kernels.activationMode());
    }

    public Options options() {
        return options;
    }

    public Kernels kernels() {
        return kernels;
    }

    public WorkerPool pool() {
        return pool;
    }

    /** What matrices will take in memory; see {@link ProductKernels#preparedBytes}. */
    public long preparedBytes(TensorView weight) {
        return multiplier.preparedBytes(weight);
    }

    /** Lays out a matrix for products; see {@link ProductKernels#prepare}. */
    public WeightMatrix prepare(TensorView weight, Arena arena) {
        if (weight.shape().rank() > 2) {
            throw new IllegalArgumentException("a matrix has 1 or 2 dimensions: " + weight.name() + " has " + weight.shape());
        }
        return multiplier.prepare(weight, arena, pool);
    }

    /**
     * A pass begins whose products come in an order that may be known: threads that wait then fetch the weights which they will
     * probably multiply next. Of computes that share threads one is in a pass at a time; of two, one would go without.
     */
    public void begin(ProductOrder newOrder) {
        newOrder.begin();
        order = newOrder;
        ahead.prepare(null);
        ahead.follow();
        pool.whileWaiting(ahead);
    }

    /** The pass has ended. */
    public void end() {
        order = null;
        ahead.prepare(null);
        ahead.follow();
        pool.whileWaiting(null);
    }

    /** {@code out[t] = w · x[t]} for the first {@code count} rows of {@code x}. */
    public void matmul(WeightMatrix w, FloatRows x, int count, FloatRows out) {
        oneWeight[0] = w;
        oneOut[0] = out;
        matmul(oneWeight, x, count, oneOut);
    }

    /** Several products with the same input, in one parallel region. */
    public void matmul(WeightMatrix[] ws, FloatRows x, int count, FloatRows[] outs) {
        check(ws, x, count, outs);
        if (count == 0 || ws.length == 0) {
            return;
        }
        Activations a = scratch(x.cols(), count);
        for (int i = 0; i < ws.length; i++) {
            if (firstOfItsForm(ws, i)) {
                filling.run(a, ws[i], x, count);
            }
        }
        ahead.prepare(order == null ? null : order.next(ws));
        products.run(ws, a, count, outs);
    }

    /** Units of rows that are not cut. */
    private int unitsOf(WeightMatrix w) {
        int all = Math.ceilDiv(w.rows(), multiplier.rowAlignment(w));
        return sample ? Math.min(1, all) : all;
    }

    /** Units in a part. */
    private int perPart(int units, long work) {
        int threads = pool.threads();
        int parts = threads == 1 ? 1 : (int) Math.max(1, Math.min(work / MIN_PART_WORK, threads * 4L));
        return Math.max(1, Math.ceilDiv(units, parts));
    }

    private static void check(WeightMatrix[] ws, FloatRows x, int count, FloatRows[] outs) {
        if (outs.length != ws.length) {
            throw new IllegalArgumentException(ws.length + " matrices take as many outputs, not " + outs.length);
        }
        if (count < 0 || count > x.rows()) {
            throw new IllegalArgumentException("count must be 0.." + x.rows() + ", not " + count);
        }
        for (int i = 0; i < ws.length; i++) {
            if (ws[i].cols() != x.cols()) {
                throw new IllegalArgumentException("a matrix of " + ws[i].cols() + " columns does not take rows of " + x.cols());
            }
            if (outs[i].cols() < ws[i].rows() || outs[i].rows() < count) {
                throw new IllegalArgumentException("an output of " + outs[i].rows() + " x " + outs[i].cols() + " does not hold "
                        + count + " x " + ws[i].rows());
            }
        }
    }

    private boolean firstOfItsForm(WeightMatrix[] ws, int i) {
        for (int j = 0; j < i; j++) {
            if (multiplier.sameForm(ws[j], ws[i])) {
                return false;
            }
        }
        return true;
    }

    private Activations scratch(int cols, int rows) {
        for (int i = 0; i < scratchCols.length; i++) {
            if (scratchCols[i] == cols) {
                if (scratch[i].capacity() < rows) {
                    scratch[i] = multiplier.activations(rows, cols);
                }
                return scratch[i];
            }
        }
        Activations made = multiplier.activations(rows, cols);
        scratch = Arrays.copyOf(scratch, scratch.length + 1);
        scratchCols = Arrays.copyOf(scratchCols, scratchCols.length + 1);
        scratch[scratch.length - 1] = made;
        scratchCols[scratchCols.length - 1] = cols;
        return made;
    }

    /** Work on the rows {@code from} to {@code to}. */
    @FunctionalInterface
    public interface RowRange {
        void run(int from, int to);
    }

    /** Splits {@code [0, count)} over the threads; the caller alone takes what is too small to share. */
    public void forRows(int count, RowRange task) {
        if (count < MIN_PARALLEL_ROWS || pool.threads() == 1) {
            if (count > 0) {
                task.run(0, count);
            }
            return;
        }
        ranges.run(count, task);
    }

    @Override
    public void close() {
        if (ownsPool) {
            pool.close();
        }
    }

    /** The reusable task of {@link #forRows}. */
    private final class Ranges implements WorkerPool.Task {
        private int count;
        private int parts;
        private @Nullable RowRange task;

        void run(int newCount, RowRange newTask) {
            count = newCount;
            task = newTask;
            parts = Math.min(newCount, pool.threads() == 1 ? 1 : pool.threads() * 4);
            try {
                pool.run(parts, this);
            } finally {
                task = null;
            }
        }

        @Override
        public void run(int part) {
            Objects.requireNonNull(task).run((int) ((long) count * part / parts), (int) ((long) count * (part + 1) / parts));
        }
    }

    /** The reusable task that prepares activations. */
    private final class Filling implements WorkerPool.Task {
        private @Nullable Activations into;
        private @Nullable WeightMatrix w;
        private @Nullable FloatRows x;
        private int count;
        private int parts;

        void run(Activations newInto, WeightMatrix newW, FloatRows newX, int newCount) {
            if (newCount < 8 || pool.threads() == 1) {
                multiplier.fill(newInto, newW, newX.data(), 0, newX.cols(), 0, newCount);
                return;
            }
            into = newInto;
            w = newW;
            x = newX;
            count = newCount;
            parts = pool.threads();
            pool.run(parts, this);
        }

        @Override
        public void run(int part) {
            FloatRows rows = Objects.requireNonNull(x);
            multiplier.fill(Objects.requireNonNull(into), Objects.requireNonNull(w), rows.data(), 0, rows.cols(),
                    (int) ((long) count * part / parts), (int) ((long) count * (part + 1) / parts));
        }
    }

    /**
     * The reusable task of matrix products: the rows of all matrices one after the other, cut into aligned units. As many units as
     * all threads can have the same number of make parts of whole units; those left over are cut by tokens when there are enough.
     */
    private final class Products implements WorkerPool.Task {
        private WeightMatrix[] ws = new WeightMatrix[0];
        private FloatRows[] outs = new FloatRows[0];
        private @Nullable Activations x;
        private int count;
        private int units;
        private int perPart;
        private int whole;
        private int wholeParts;
        private int cuts;

        void run(WeightMatrix[] newWs, Activations newX, int newCount, FloatRows[] newOuts) {
            ws = newWs;
            outs = newOuts;
            x = newX;
            count = newCount;
            long work = 0;
            units = 0;
            for (WeightMatrix w : newWs) {
                units += unitsOf(w);
                work += (long) w.rows() * w.cols() * newCount;
            }
            int threads = pool.threads();
            int left = units % threads;
            cuts = left == 0 ? 0 : Math.min(2 * Math.ceilDiv(threads, left), newCount / MIN_PART_TOKENS);
            whole = cuts < 2 || work / Math.max(1, units) < MIN_CUT_WORK ? units : units - left;
            perPart = perPart(whole, work);
            wholeParts = Math.ceilDiv(whole, perPart);
            pool.run(wholeParts + (units - whole) * cuts, this);
        }

        @Override
        public void run(int part) {
            ahead.follow();
            if (part < wholeParts) {
                product(part * perPart, Math.min(whole, part * perPart + perPart), 0, count);
            } else {
                int unit = whole + (part - wholeParts) / cuts;
                long cut = (part - wholeParts) % cuts;
                product(unit, unit + 1, (int) (count * cut / cuts), (int) (count * (cut + 1) / cuts));
            }
        }

        private void product(int from, int to, int firstToken, int lastToken) {
            int base = 0;
            for (int i = 0; i < ws.length && base < to; i++) {
                WeightMatrix w = ws[i];
                int n = unitsOf(w);
                int first = Math.max(from, base) - base;
                int last = Math.min(to, base + n) - base;
                if (first < last) {
                    int align = multiplier.rowAlignment(w);
                    multiplier.matmul(w, first * align, Math.min(w.rows(), last * align), Objects.requireNonNull(x), firstToken,
                            lastToken, outs[i].data(), 0, outs[i].cols());
                }
                base += n;
            }
        }
    }

    /**
     * Fetches what each thread probably multiplies first of the next product: two threads take its first parts in their order, of more
     * a worker may find another's in the cache that all share.
     */
    private final class Ahead implements WorkerPool.Spare {
        private WeightMatrix @Nullable [] next;
        private int nextPerPart;
        private volatile WeightMatrix @Nullable [] ws;
        private volatile int perPart;

        void prepare(WeightMatrix @Nullable [] newNext) {
            next = newNext;
            if (newNext != null) {
                long work = 0;
                int units = 0;
                for (WeightMatrix w : newNext) {
                    units += unitsOf(w);
                    work += (long) w.rows() * w.cols();
                }
                nextPerPart = perPart(units, work);
            }
        }

        /** Turns to what was prepared: once a region has begun, as until then threads fetch for that one. */
        void follow() {
            if (ws != next) {
                perPart = nextPerPart;
                ws = next;
            }
        }

        @Override
        public boolean run(int thread) {
            WeightMatrix[] coming = ws;
            if (coming == null) {
                return false;
            }
            int unit = thread * perPart;
            for (WeightMatrix w : coming) {
                int n = unitsOf(w);
                if (unit < n) {
                    int align = multiplier.rowAlignment(w);
                    return w.fetchAhead(unit * align, Math.min(w.rows(), (unit + perPart) * align));
                }
                unit -= n;
            }
            return false;
        }
    }
}
