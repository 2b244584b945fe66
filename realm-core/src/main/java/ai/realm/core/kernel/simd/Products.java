package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.ShortGemm.STRIP;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.simd.Packing.Quants;
import ai.realm.core.kernel.simd.Packing.Scales;
import ai.realm.core.kernel.simd.SimdActivations.Scratch;
import ai.realm.core.tensor.GgmlType;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * Matrix products: chooses for a matrix, an activation mode and a number of tokens between unpacking in registers (few tokens)
 * and unpacking a panel that many tokens share, in fp32 or in 16-bit lanes.
 */
final class Products {
    /** Below this many tokens a panel costs more than it saves. */
    static final int PANEL_TOKENS = 4;
    /** Blocks of 32 columns in a panel of floats: a panel stays in the second-level cache, a strip of it mostly in the first. */
    private static final int PANEL_BLOCKS = Lanes.WIDE ? 32 : 24;
    /** The same for shorts. */
    private static final int SHORT_BLOCKS = Lanes.WIDE ? 64 : 8;
    /** Where the sums of a tile's second block or half are. */
    private static final int SECOND = ShortGemm.TOKENS * STRIP;
    /** Tokens whose products with minima, one group's, stay in the first-level cache. */
    private static final int MINIMA_TOKENS = 48;
    /** Bytes of weights that are fetched at a time: many, so that fetching gets up to speed, and few enough for the second-level cache. */
    private static final int FETCH = 400_000;
    /** Bytes that are fetched between two looks at whether there is something to multiply: a microsecond, more or less. */
    private static final int PIECE = 1 << 14;

    private Products() {
    }

    /** Whether a matrix is multiplied with 8-bit activations, in 16-bit lanes (6 bits and many tokens: in fp32). */
    static boolean usesEightBits(WeightMatrix w, ActivationMode mode) {
        return mode == ActivationMode.INT8 && w instanceof PackedMatrix p && p.packing.quants != Quants.BYTE;
    }

    static void matmul(WeightMatrix w, ActivationMode mode, int rowFrom, int rowTo, SimdActivations x, int from, int to,
            float[] out, int outOffset, int outStride) {
        int at = outOffset + from * outStride;
        if (w instanceof PackedMatrix p) {
            packed(p, usesEightBits(w, mode), rowFrom, rowTo, x, from, to - from, out, at, outStride);
        } else {
            mapped((MappedMatrix) w, rowFrom, rowTo, x, from, to - from, out, at, outStride);
        }
    }

    private static void packed(PackedMatrix w, boolean eightBits, int rowFrom, int rowTo, SimdActivations x, int first, int count,
            float[] out, int outOffset, int outStride) {
        if (rowFrom % ROWS != 0 && rowFrom < rowTo) {
            throw new IllegalArgumentException("a range of packed rows begins at a multiple of " + ROWS + ", not " + rowFrom);
        }
        Scratch s = Scratch.get();
        if (w.packing.quants == Quants.BYTE && count < PANEL_TOKENS) {
            spread(w, x, first, count, s);
        }
        boolean inPlace = eightBits && few(first, count) && scalesInPlace(w);
        if (!inPlace) {
            s.d = Scratch.atLeast(s.d, 2 * w.blocks * ROWS);
            s.m = Scratch.atLeast(s.m, w.blocks * ROWS);
        }
        int together = together(w);
        for (int row = rowFrom; row < rowTo; row += ROWS) {
            int n = Math.min(ROWS, rowTo - row);
            if ((row - rowFrom) / ROWS % together == 0) {
                long done = s.ahead.take(w, row);
                s.fetched += VectorLoads.fetch(w.data, w.scalesAt(row / ROWS) + done, fetchBytes(w, row, rowTo) - done);
            }
            if (!inPlace) {
                Unpack.scales(w, row / ROWS, eightBits, s.d, s.m);
            }
            if (n == ROWS) {
                group(w, row / ROWS, eightBits, x, first, count, s, out, outOffset + row, outStride);
            } else {
                s.tile = Scratch.atLeast(s.tile, count * ROWS);
                group(w, row / ROWS, eightBits, x, first, count, s, s.tile, 0, ROWS);
                for (int t = 0; t < count; t++) {
                    System.arraycopy(s.tile, t * ROWS, out, outOffset + t * outStride + row, n);
                }
            }
        }
        Reference.reachabilityFence(w); // kernels hold its memory's address only
    }

    /** Groups that are fetched together. */
    private static int together(PackedMatrix w) {
        return (int) Math.max(1, FETCH / w.groupBytes);
    }

    /** Bytes that are fetched before a row and those behind it. */
    private static long fetchBytes(PackedMatrix w, int row, int rowTo) {
        return w.groupBytes * Math.min(together(w), Math.ceilDiv(rowTo - row, ROWS));
    }

    /** Does a little of what {@link #packed} would do first, as {@link WeightMatrix#fetchAhead}. */
    static boolean fetchAhead(PackedMatrix w, int rowFrom, int rowTo) {
        Scratch s = Scratch.get();
        long done = s.ahead.of(w, rowFrom);
        long n = Math.min(PIECE, fetchBytes(w, rowFrom, rowTo) - done);
        if (n <= 0) {
            return false;
        }
        try {
            s.fetched += VectorLoads.fetch(w.data, w.scalesAt(rowFrom / ROWS) + done, n);
        } catch (IllegalStateException e) {
            s.ahead.take(w, rowFrom);
            return false; // the model was closed meanwhile
        }
        s.ahead.bytes = done + n;
        return true;
    }

    private static void group(PackedMatrix w, int group, boolean eightBits, SimdActivations x, int first, int count, Scratch s,
            float[] c, int cAt, int cStride) {
        if (eightBits && w.packing.quants == Quants.SIX) {
            sixGroup(w, group, x, first, count, s, c, cAt, cStride);
        } else if (eightBits) {
            shortGroup(w, group, x, first, count, s, c, cAt, cStride);
        } else if (w.packing.quants == Quants.BYTE && count < PANEL_TOKENS) {
            byteTokens(w, group, 0, count, s, c, cAt, cStride);
        } else {
            floatGroup(w, group, x.x, x.offset + first * x.stride, x.stride, count, s, c, cAt, cStride);
        }
    }

    private static void byteTokens(PackedMatrix w, int group, int from, int to, Scratch s, float[] c, int cAt, int cStride) {
        int runs = w.packing.scales == Scales.SUPER_16 ? 2 * w.blocks : w.blocks;
        long at = w.address(group) + w.scaleBytes;
        for (int t = from; t < to; t++) {
            PackedDot.bytes(at, runs, w.cols / runs / 4, s.d, s.spread[t], s.excess[t], c,
                    cAt + t * cStride);
        }
    }

    /** Few tokens of 8-bit weights take the activations in a form of their own. */
    private static void spread(PackedMatrix w, SimdActivations x, int first, int count, Scratch s) {
        int runs = w.packing.scales == Scales.SUPER_16 ? 2 * w.blocks : w.blocks;
        for (int t = 0; t < count; t++) {
            s.spread[t] = Scratch.atLeast(s.spread[t], w.cols);
            s.excess[t] = Scratch.atLeast(s.excess[t], runs);
            PackedDot.spread(x.x, x.offset + (first + t) * x.stride, runs, w.cols / runs, s.spread[t], s.excess[t]);
        }
    }

    private static void floatGroup(PackedMatrix w, int group, float[] x, int xAt, int xStride, int count, Scratch s, float[] c,
            int cAt, int cStride) {
        int step = Math.ceilDiv(w.blocks, Math.ceilDiv(w.blocks, PANEL_BLOCKS));
        float[] panel = s.panel(step * 32);
        for (int b = 0; b < w.blocks; b += step) {
            int end = Math.min(w.blocks, b + step);
            Unpack.floats(w, group, b, end, s.d, s.m, panel);
            FloatGemm.multiply(panel, (end - b) * 32, x, xAt + b * 32, xStride, count, c, cAt, FloatGemm.STRIP, cStride, b > 0);
        }
    }

    private static void sixGroup(PackedMatrix w, int group, SimdActivations x, int first, int count, Scratch s, float[] c,
            int cAt, int cStride) {
        if (!few(first, count)) {
            floatGroup(w, group, x.rounded, first * x.cols, x.cols, count, s, c, cAt, cStride);
            return;
        }
        long at = w.address(group);
        for (int t = 0; t < count; t++) {
            SixDot.rows(at, at + w.scaleBytes, w.blocks, x.sixes, x.bias32, x.scales, first + t, s.near);
            NibbleDot.inOrder(s.near, c, cAt + t * cStride);
        }
    }

    private static void shortGroup(PackedMatrix w, int group, SimdActivations x, int first, int count, Scratch s, float[] c,
            int cAt, int cStride) {
        if (few(first, count)) {
            for (int t = 0; t < count; t++) {
                shortToken(w, group, x, first + t, s, c, cAt + t * cStride);
            }
            return;
        }
        if (w.packing.quants == Quants.NIBBLE) {
            nibbleTiles(w, group, x, first, count, s, c, cAt, cStride);
        } else {
            fivePanels(w, group, x, first, count, s, c, cAt, cStride);
        }
        if (w.packing.scales.hasMin()) {
            minima(w, x, first, count, s, c, cAt, cStride);
        }
    }

    /** Adds what the minima of a group give, some tokens at a time, so that they are added while they are in the first-level cache. */
    private static void minima(PackedMatrix w, SimdActivations x, int first, int count, Scratch s, float[] c, int cAt,
            int cStride) {
        float[] panel = s.panel(w.blocks);
        Unpack.strips(s.m, w.blocks, panel);
        s.minima = Scratch.atLeast(s.minima, MINIMA_TOKENS * ROWS);
        for (int t = 0; t < count; t += MINIMA_TOKENS) {
            int n = Math.min(MINIMA_TOKENS, count - t);
            FloatGemm.multiply(panel, w.blocks, x.sums, (first + t) * w.blocks, w.blocks, n, s.minima, 0, FloatGemm.STRIP, ROWS,
                    false);
            ShortGemm.addRows(s.minima, n, c, cAt + t * cStride, cStride);
        }
    }

    /** Whether tokens are multiplied one by one: only the first of a batch have the form for it. */
    private static boolean few(int first, int count) {
        return count < PANEL_TOKENS && first + count <= PANEL_TOKENS;
    }

    private static boolean scalesInPlace(PackedMatrix w) {
        return w.packing.quants == Quants.SIX || w.packing.quants == Quants.NIBBLE;
    }

    private static void shortToken(PackedMatrix w, int group, SimdActivations x, int t, Scratch s, float[] c, int cAt) {
        if (w.packing.quants == Quants.NIBBLE) {
            nibbleToken(w, w.address(group), x, t, s.near);
            NibbleDot.inOrder(s.near, c, cAt);
        } else {
            fiveToken(w, group, x, t, s, c, cAt);
        }
    }

    private static void nibbleToken(PackedMatrix w, long at, SimdActivations x, int t, float[] near) {
        long quants = at + w.scaleBytes;
        int[] steps = x.steps.few;
        int b = t * x.blocks;
        switch (w.packing.scales) {
            case HALF -> NibbleDot.half(at, quants, w.blocks, steps, t * x.cols, x.bias8, x.scales, b, near);
            case HALF_MIN -> NibbleDot.halfMin(at, quants, w.blocks, steps, t * x.cols, x.bias8, x.scales, x.sums, b, near);
            case SUPER_MIN -> NibbleDot.superMin(at, quants, w.blocks, steps, t * x.cols, x.bias8, x.scales, x.sums, b, near);
            case SUPER_16 -> throw new IllegalStateException("4-bit weights with scales of 16 columns");
        }
    }

    private static void fiveToken(PackedMatrix w, int group, SimdActivations x, int t, Scratch s, float[] c, int cAt) {
        short[] sums = s.sums(2 * w.blocks * ROWS);
        PackedDot.fiveSums(w.address(group) + w.scaleBytes, w.blocks, x.pairs.few, t * x.cols, x.bias16, 2 * t * x.blocks, sums);
        boolean min = w.packing.scales.hasMin();
        if (min) {
            ShortGemm.minima(s.m, w.blocks, x.sums, t * w.blocks, c, cAt);
        }
        ShortGemm.scaleRunHalves(sums, w.blocks, s.d, x.scales, t * x.blocks, min ? c : FloatGemm.ZEROS, min ? cAt : 0, c, cAt);
    }

    /** Sums of a tile's tokens are gathered near by, and written to their rows, which lie far apart, once. */
    private static void nibbleTiles(PackedMatrix w, int group, SimdActivations x, int first, int count, Scratch s, float[] c,
            int cAt, int cStride) {
        int[] tiles = x.tiles(Quants.NIBBLE);
        long quants = w.address(group) + w.scaleBytes;
        for (int r = 0; r < ROWS; r += STRIP) {
            for (int t = 0; t < count;) {
                int tokens = ShortGemm.next(first + t, count - t);
                Arrays.fill(s.near, 0, tokens * STRIP, 0f);
                nibbleTile(w, quants + 2L * r, x, tiles, first + t, tokens, s, r);
                copy(s.near, 0, STRIP, tokens, c, cAt + t * cStride + r, cStride);
                t += tokens;
            }
        }
    }

    /** All blocks for some tokens and one strip of rows, added to {@link Scratch#near}. */
    private static void nibbleTile(PackedMatrix w, long at, SimdActivations x, int[] tiles, int t, int tokens, Scratch s, int r) {
        short[] sums = s.sums(2 * SECOND);
        int xs = t * x.blocks;
        long blockBytes = Quants.NIBBLE.blockBytes();
        for (int b = 0; b < w.blocks; b += 2) {
            NibbleTiles.sums(at + b * blockBytes, tiles, x.tileAt(t, b * 32), x.bias8, xs + b, x.blocks, tokens, sums, 0);
            if (b + 1 == w.blocks) {
                ShortGemm.scale(sums, tokens, s.d, b * ROWS + r, x.scales, xs + b, x.blocks, s.near);
            } else {
                NibbleTiles.sums(at + (b + 1) * blockBytes, tiles, x.tileAt(t, b * 32 + 32), x.bias8, xs + b + 1,
                        x.blocks, tokens, sums, SECOND);
                ShortGemm.scaleTwo(sums, tokens, s.d, b * ROWS + r, x.scales, xs + b, x.blocks, s.near);
            }
        }
    }

    /** As {@link #nibbleTiles} with weights of 5 bits, which are unpacked to a panel. */
    private static void fivePanels(PackedMatrix w, int group, SimdActivations x, int first, int count, Scratch s, float[] c,
            int cAt, int cStride) {
        short[] panel = s.shorts(Math.min(w.blocks, SHORT_BLOCKS) * 32);
        int[] tiles = x.tiles(Quants.FIVE);
        for (int from = 0; from < w.blocks; from += SHORT_BLOCKS) {
            int to = Math.min(w.blocks, from + SHORT_BLOCKS);
            Unpack.shorts(w, group, from, to, panel);
            for (int r = 0; r < ROWS; r += STRIP) {
                for (int t = 0; t < count;) {
                    int tokens = ShortGemm.next(first + t, count - t);
                    int at = cAt + t * cStride + r;
                    if (from == 0) {
                        Arrays.fill(s.near, 0, tokens * STRIP, 0f);
                    } else {
                        copy(c, at, cStride, tokens, s.near, 0, STRIP);
                    }
                    fiveTile(panel, r * 32 * (to - from), x, tiles, first + t, tokens, from, to, s, r);
                    copy(s.near, 0, STRIP, tokens, c, at, cStride);
                    t += tokens;
                }
            }
        }
    }

    /** Blocks {@code from} to {@code to} for some tokens and one strip of rows, added to {@link Scratch#near}. */
    private static void fiveTile(short[] panel, int strip, SimdActivations x, int[] tiles, int t, int tokens, int from, int to,
            Scratch s, int r) {
        short[] sums = s.sums(2 * SECOND);
        for (int b = from; b < to; b++) {
            int at = strip + (b - from) * 32 * STRIP;
            ShortGemm.sums(panel, at, 16, tiles, x.tileAt(t, b * 32), tokens, sums, 0);
            ShortGemm.sums(panel, at + 16 * STRIP, 16, tiles, x.tileAt(t, b * 32 + 16), tokens, sums, SECOND);
            ShortGemm.scaleHalves(sums, tokens, s.d, b * ROWS + r, x.scales, t * x.blocks + b, x.blocks, s.near);
        }
    }

    private static void copy(float[] from, int at, int stride, int tokens, float[] to, int toAt, int toStride) {
        for (int t = 0; t < tokens; t++) {
            System.arraycopy(from, at + t * stride, to, toAt + t * toStride, STRIP);
        }
    }

    private static void mapped(MappedMatrix w, int rowFrom, int rowTo, SimdActivations x, int first, int count, float[] out,
            int outOffset, int outStride) {
        if (count < 16) {
            for (int r = rowFrom; r < rowTo; r++) {
                mappedRow(w, r, x, first, count, out, outOffset + r, outStride);
            }
            return;
        }
        Scratch s = Scratch.get();
        for (int row = rowFrom; row < rowTo; row += ROWS) {
            int n = Math.min(ROWS, rowTo - row);
            s.tile = Scratch.atLeast(s.tile, count * ROWS);
            mappedPanels(w, row, n, x, first, count, s);
            for (int t = 0; t < count; t++) {
                System.arraycopy(s.tile, t * ROWS, out, outOffset + t * outStride + row, n);
            }
        }
    }

    private static void mappedRow(MappedMatrix w, int r, SimdActivations x, int first, int count, float[] out, int at,
            int outStride) {
        int xAt = x.offset + first * x.stride;
        long from = r * w.view().rowBytes();
        if (count == 1 && w.type() == GgmlType.F16) {
            out[at] = VectorLoads.dotHalves(w.view().data(), from, x.x, xAt, w.cols());
        } else if (count == 1 && w.type() == GgmlType.F32) {
            out[at] = VectorLoads.dotFloats(w.view().data(), from, x.x, xAt, w.cols());
        } else {
            Scratch s = Scratch.get();
            s.row = Scratch.atLeast(s.row, w.cols());
            w.dequantizeRow(r, s.row, 0);
            for (int t = 0; t < count; t++) {
                out[at + t * outStride] = Dot.dot(s.row, 0, x.x, xAt + t * x.stride, w.cols());
            }
        }
    }

    /** Products of up to {@link FloatGemm#ROWS} rows with all tokens, into the scratch tile. */
    private static void mappedPanels(MappedMatrix w, int row, int n, SimdActivations x, int first, int count, Scratch s) {
        int step = w.type().blockElements() == 1 ? PANEL_BLOCKS * 32 : Math.max(PANEL_BLOCKS * 32, w.type().blockElements());
        float[] panel = s.panel(step);
        s.row = Scratch.atLeast(s.row, step);
        for (int k = 0; k < w.cols(); k += step) {
            int m = Math.min(step, w.cols() - k);
            for (int r = 0; r < ROWS; r++) {
                if (r < n) {
                    MappedMatrix.Floats.load(w.type(), w.view().data(), (row + r) * w.view().rowBytes() + w.type().bytesFor(k),
                            s.row, 0, m);
                } else {
                    Arrays.fill(s.row, 0, m, 0f);
                }
                int to = r / FloatGemm.STRIP * FloatGemm.STRIP * m + r % FloatGemm.STRIP;
                for (int i = 0; i < m; i++) {
                    panel[to + i * FloatGemm.STRIP] = s.row[i];
                }
            }
            FloatGemm.multiply(panel, m, x.x, x.offset + first * x.stride + k, x.stride, count, s.tile, 0, FloatGemm.STRIP, ROWS,
                    k > 0);
        }
    }
}
