package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.F;
import static ai.realm.core.kernel.simd.Lanes.FL;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.ShortGemm.TOKENS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import ai.realm.core.kernel.Activations;
import ai.realm.core.kernel.simd.Packing.Quants;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/**
 * Rows that matrices are multiplied with: a reference to the floats, and for weights of few bits a copy in 8 bits, one scale for
 * 32 columns, each number written twice into an {@code int} for 16-bit lanes.
 */
final class SimdActivations implements Activations {
    private static final float ROUND = 0x1.8p23f;
    private static final float[] NONE = {};

    private final int capacity;
    final int cols;
    final int blocks;
    float[] x = NONE;
    int offset;
    int stride;
    /** For weights of 5 bits, and as {@link NibbleDot#steps} for weights of 4 bits; empty until first filled. */
    final Numbers pairs = new Numbers();
    final Numbers steps = new Numbers();
    float[] scales = NONE;
    float[] sums = NONE;
    /** The first tokens as {@link SixDot#prepare} makes them, and what centres their octets' sums, for weights of 6 bits. */
    int[] sixes = {};
    int[] bias32 = {};
    /** The numbers as floats again, scaled: many tokens are multiplied by 6-bit weights in fp32. */
    float[] rounded = NONE;
    /** What centres the sums of {@link NibbleDot} and {@link PackedDot}: twice in an {@code int}, of each block and of each half block. */
    int[] bias8 = {};
    int[] bias16 = {};

    SimdActivations(int capacity, int cols) {
        this.capacity = capacity;
        this.cols = cols;
        this.blocks = cols / 32;
    }

    @Override
    public int capacity() {
        return capacity;
    }

    void refer(float[] to, int xOffset, int xStride) {
        x = to;
        offset = xOffset;
        stride = xStride;
    }

    /** Numbers of all tokens, each twice in an {@code int}. */
    static final class Numbers {
        /** The first tokens', a token after the other, for few tokens at a time. */
        int[] few = {};
        /** {@link ShortGemm#TOKENS} tokens' column after column, see {@link #tileAt}. */
        int[] tiles = {};
        /** First tokens that are not in {@link #tiles} yet: a batch of few needs none, and they are spread over many cache lines. */
        int untiled;
    }

    /** Makes room; the first of the threads that fill does it. */
    synchronized void reserve(Quants quants) {
        if (scales.length == 0) {
            sums = new float[capacity * blocks];
            bias8 = new int[capacity * blocks];
            bias16 = new int[2 * capacity * blocks];
            scales = new float[capacity * blocks];
        }
        int few = Math.min(capacity, Products.PANEL_TOKENS);
        if (quants == Quants.SIX) {
            if (rounded.length == 0) {
                sixes = new int[few * 4 * blocks * SixDot.PRODUCTS];
                bias32 = new int[few * 4 * blocks];
                rounded = new float[capacity * cols];
            }
            return;
        }
        Numbers to = numbers(quants);
        if (to.tiles.length == 0) {
            to.few = new int[few * cols];
            to.tiles = new int[Math.ceilDiv(capacity, TOKENS) * TOKENS * cols];
        }
    }

    private Numbers numbers(Quants quants) {
        return quants == Quants.NIBBLE ? steps : pairs;
    }

    /** Where a token's column is in {@link Numbers#tiles}. */
    int tileAt(int token, int column) {
        return (token / TOKENS * cols + column) * TOKENS + token % TOKENS;
    }

    /** Quantizes tokens to what weights so packed are multiplied with. */
    void quantize(int from, int to, Quants quants) {
        Scratch s = Scratch.get();
        s.line = Scratch.atLeast(s.line, 2 * cols);
        boolean tile = from > 0 || to >= Products.PANEL_TOKENS;
        if (from == 0 && quants != Quants.SIX) {
            numbers(quants).untiled = tile ? 0 : to;
        }
        for (int t = from; t < to; t++) {
            for (int b = 0; b < blocks; b++) {
                quantizeBlock(offset + t * stride + b * 32, s.line, b * 32, t * blocks + b);
            }
            if (quants == Quants.SIX) {
                finishSixes(s.line, t);
            } else {
                finish(s.line, t, quants, tile);
            }
        }
    }

    private void finish(int[] line, int t, Quants quants, boolean tile) {
        Numbers into = numbers(quants);
        int at = 0;
        if (quants == Quants.NIBBLE) {
            at = cols;
            NibbleDot.steps(line, 0, cols, line, at);
        }
        if (t < Products.PANEL_TOKENS) {
            System.arraycopy(line, at, into.few, t * cols, cols);
        }
        if (tile) {
            spread(line, at, cols, into.tiles, tileAt(t, 0));
        }
    }

    /** All tokens in tiles. */
    int[] tiles(Quants quants) {
        Numbers n = numbers(quants);
        for (int t = 0; t < n.untiled; t++) {
            spread(n.few, t * cols, cols, n.tiles, tileAt(t, 0));
        }
        return n.tiles;
    }

    private void finishSixes(int[] line, int t) {
        if (t < Products.PANEL_TOKENS) {
            SixDot.prepare(line, 4 * blocks, sixes, t * 4 * blocks * SixDot.PRODUCTS, bias32, t * 4 * blocks);
        }
        for (int b = 0; b < blocks; b++) {
            for (int i = 32 * b; i < 32 * b + 32; i += FL) {
                IntVector q = IntVector.fromArray(I, line, i).lanewise(LSHL, 16).lanewise(ASHR, 16);
                ((FloatVector) q.castShape(F, 0)).mul(scales[t * blocks + b]).intoArray(rounded, t * cols + i);
            }
        }
    }

    private static void spread(int[] line, int at, int n, int[] tiles, int to) {
        for (int k = 0; k < n; k++) {
            tiles[to + k * TOKENS] = line[at + k];
        }
    }

    private void quantizeBlock(int at, int[] line, int to, int block) {
        float max = top(x, at);
        float d = max / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        int first = (int) round(x, at, inverse, line, to);
        int second = (int) round(x, at + 16, inverse, line, to + 16);
        scales[block] = d;
        sums[block] = d * (first + second);
        bias8[block] = twice(-8 * (first + second));
        bias16[2 * block] = twice(-16 * first);
        bias16[2 * block + 1] = twice(-16 * second);
    }

    /** A number in 16 bits, twice. */
    static int twice(int v) {
        return (v & 0xffff) * 0x10001;
    }

    private static float top(float[] x, int at) {
        FloatVector top = FloatVector.zero(F);
        for (int i = 0; i < 32; i += FL) {
            top = top.max(FloatVector.fromArray(F, x, at + i).abs());
        }
        return top.reduceLanes(VectorOperators.MAX);
    }

    /** Rounds 16 numbers and returns their sum. */
    private static float round(float[] x, int at, float inverse, int[] pairs, int to) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < 16; i += FL) {
            FloatVector q = FloatVector.fromArray(F, x, at + i).mul(inverse).add(ROUND);
            sum = sum.add(q.sub(ROUND));
            // the low bits of the rounded number are the integer in two's complement
            q.reinterpretAsInts().and(0xffff).mul(0x10001).intoArray(pairs, to + i);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** What a thread has fetched of the rows that it will probably multiply next. */
    static final class Ahead {
        private @Nullable PackedMatrix matrix;
        private int row;
        long bytes;

        /** Bytes from a row on, to which what is fetched then is added; what was fetched of others is forgotten. */
        long of(PackedMatrix w, int first) {
            if (matrix != w || row != first) {
                matrix = w;
                row = first;
                bytes = 0;
            }
            return bytes;
        }

        /** Bytes from a row on, once. */
        long take(PackedMatrix w, int first) {
            long done = of(w, first);
            matrix = null;
            return done;
        }
    }

    /** Grow-only scratch of one thread. */
    static final class Scratch {
        private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);
        float[] panel = NONE;
        short[] shorts = {};
        /** A token's numbers while they are quantized. */
        int[] line = {};
        float[] d = NONE;
        float[] m = NONE;
        float[] minima = NONE;
        /** Products of a tile of {@link ShortGemm} that are not complete yet, or of a group with one token, not yet in order. */
        final float[] near = new float[Math.max(ROWS, ShortGemm.TOKENS * ShortGemm.STRIP)];
        /** What {@link VectorLoads#fetch} returned, added up, so that its reads are not dropped. */
        long fetched;
        final Ahead ahead = new Ahead();
        float[] tile = NONE;
        float[] row = NONE;
        short[] sums = {};
        final float[][] spread = new float[Products.PANEL_TOKENS][0];
        final float[][] excess = new float[Products.PANEL_TOKENS][0];

        static Scratch get() {
            return OF_THREAD.get();
        }

        float[] panel(int columns) {
            return panel = atLeast(panel, columns * ROWS);
        }

        short[] shorts(int columns) {
            if (shorts.length < columns * ROWS) {
                shorts = new short[columns * ROWS];
            }
            return shorts;
        }

        short[] sums(int n) {
            if (sums.length < n) {
                sums = new short[n];
            }
            return sums;
        }

        static int[] atLeast(int[] a, int n) {
            return a.length >= n ? a : Arrays.copyOf(a, n);
        }

        static float[] atLeast(float[] a, int n) {
            return a.length >= n ? a : Arrays.copyOf(a, n);
        }
    }
}
