package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.FloatGemm.ROWS;
import static ai.realm.core.kernel.simd.Lanes.I;
import static ai.realm.core.kernel.simd.Lanes.LE;
import static ai.realm.core.kernel.simd.Lanes.S;
import static ai.realm.core.kernel.simd.Lanes.SL;
import static ai.realm.core.kernel.simd.Lanes.WIDE;
import static ai.realm.core.kernel.simd.NativeMemory.ADDRESS;
import static ai.realm.core.kernel.simd.NativeMemory.ALL;
import static ai.realm.core.kernel.simd.ShortGemm.STRIP;
import static ai.realm.core.kernel.simd.ShortGemm.TOKENS;
import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Tiles of tokens times 4-bit weights, which are unpacked in registers as in {@link NibbleDot}: a shift is little beside
 * the products of a tile, and no panel is written and read again. A column at a time, as a loop with
 * the four of a word was slower; shifts are written out, as a loop's vector must not come from another method.
 */
final class NibbleTiles {
    private static final int SHIFT = 4;

    private NibbleTiles() {
    }

    /**
     * {@code sums[t][r] = sum_k w[k][r] * x[k][t]} of one block of 32 columns, for the rows of a strip.
     *
     * @param at where the block's first word of the first row is
     * @param x activations as {@link NibbleDot#steps}, in tiles: those of a column lie together
     * @param bias what takes the centre off each token's sums
     * @param tokens as {@link ShortGemm#next} says
     */
    static void sums(long at, int[] x, int xAt, int[] bias, int biasAt, int biasStride, int tokens, short[] sums,
            int to) {
        if (tokens == 8) {
            tile8x2(at, x, xAt, bias, biasAt, biasStride, sums, to);
        } else if (tokens == 4) {
            tile4x2(at, x, xAt, bias, biasAt, biasStride, sums, to);
        } else {
            tile1x2(at, x, xAt, bias[biasAt], sums, to);
        }
    }

    private static void tile8x2(long at, int[] x, int x0, int[] bias, int bias0, int biasStride, short[] sums,
            int to) {
        ShortVector a0 = IntVector.broadcast(I, bias[bias0]).reinterpretAsShorts();
        ShortVector c0 = a0;
        ShortVector a1 = IntVector.broadcast(I, bias[bias0 + biasStride]).reinterpretAsShorts();
        ShortVector c1 = a1;
        ShortVector a2 = IntVector.broadcast(I, bias[bias0 + 2 * biasStride]).reinterpretAsShorts();
        ShortVector c2 = a2;
        ShortVector a3 = IntVector.broadcast(I, bias[bias0 + 3 * biasStride]).reinterpretAsShorts();
        ShortVector c3 = a3;
        ShortVector a4 = IntVector.broadcast(I, bias[bias0 + 4 * biasStride]).reinterpretAsShorts();
        ShortVector c4 = a4;
        ShortVector a5 = IntVector.broadcast(I, bias[bias0 + 5 * biasStride]).reinterpretAsShorts();
        ShortVector c5 = a5;
        ShortVector a6 = IntVector.broadcast(I, bias[bias0 + 6 * biasStride]).reinterpretAsShorts();
        ShortVector c6 = a6;
        ShortVector a7 = IntVector.broadcast(I, bias[bias0 + 7 * biasStride]).reinterpretAsShorts();
        ShortVector c7 = a7;
        long p = at & ADDRESS;
        ShortVector count = ShortVector.broadcast(S, (short) SHIFT);
        for (int j = 0; j < 8; j++) {
            ShortVector v = ShortVector.fromMemorySegment(S, ALL, p + 2L * ROWS * j, LE);
            ShortVector u = ShortVector.fromMemorySegment(S, ALL, p + 2L * ROWS * j + 2L * SL, LE);
            int xj = x0 + 4 * TOKENS * j;
            for (int k = 0; k < 4; k++) {
                ShortVector b = IntVector.broadcast(I, x[xj + k * TOKENS]).reinterpretAsShorts();
                a0 = a0.add(v.mul(b));
                c0 = c0.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 1]).reinterpretAsShorts();
                a1 = a1.add(v.mul(b));
                c1 = c1.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 2]).reinterpretAsShorts();
                a2 = a2.add(v.mul(b));
                c2 = c2.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 3]).reinterpretAsShorts();
                a3 = a3.add(v.mul(b));
                c3 = c3.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 4]).reinterpretAsShorts();
                a4 = a4.add(v.mul(b));
                c4 = c4.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 5]).reinterpretAsShorts();
                a5 = a5.add(v.mul(b));
                c5 = c5.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 6]).reinterpretAsShorts();
                a6 = a6.add(v.mul(b));
                c6 = c6.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 7]).reinterpretAsShorts();
                a7 = a7.add(v.mul(b));
                c7 = c7.add(u.mul(b));
                v = v.lanewise(LSHR, count);
                u = u.lanewise(LSHR, count);
            }
        }
        a0.intoArray(sums, to);
        c0.intoArray(sums, to + SL);
        a1.intoArray(sums, to + STRIP);
        c1.intoArray(sums, to + STRIP + SL);
        a2.intoArray(sums, to + 2 * STRIP);
        c2.intoArray(sums, to + 2 * STRIP + SL);
        a3.intoArray(sums, to + 3 * STRIP);
        c3.intoArray(sums, to + 3 * STRIP + SL);
        a4.intoArray(sums, to + 4 * STRIP);
        c4.intoArray(sums, to + 4 * STRIP + SL);
        a5.intoArray(sums, to + 5 * STRIP);
        c5.intoArray(sums, to + 5 * STRIP + SL);
        a6.intoArray(sums, to + 6 * STRIP);
        c6.intoArray(sums, to + 6 * STRIP + SL);
        a7.intoArray(sums, to + 7 * STRIP);
        c7.intoArray(sums, to + 7 * STRIP + SL);
    }

    private static void tile4x2(long at, int[] x, int x0, int[] bias, int bias0, int biasStride, short[] sums,
            int to) {
        ShortVector a0 = IntVector.broadcast(I, bias[bias0]).reinterpretAsShorts();
        ShortVector c0 = a0;
        ShortVector a1 = IntVector.broadcast(I, bias[bias0 + biasStride]).reinterpretAsShorts();
        ShortVector c1 = a1;
        ShortVector a2 = IntVector.broadcast(I, bias[bias0 + 2 * biasStride]).reinterpretAsShorts();
        ShortVector c2 = a2;
        ShortVector a3 = IntVector.broadcast(I, bias[bias0 + 3 * biasStride]).reinterpretAsShorts();
        ShortVector c3 = a3;
        long p = at & ADDRESS;
        ShortVector count = ShortVector.broadcast(S, (short) SHIFT);
        for (int j = 0; j < 8; j++) {
            ShortVector v = ShortVector.fromMemorySegment(S, ALL, p + 2L * ROWS * j, LE);
            ShortVector u = ShortVector.fromMemorySegment(S, ALL, p + 2L * ROWS * j + 2L * SL, LE);
            int xj = x0 + 4 * TOKENS * j;
            for (int k = 0; k < 4; k++) {
                ShortVector b = IntVector.broadcast(I, x[xj + k * TOKENS]).reinterpretAsShorts();
                a0 = a0.add(v.mul(b));
                c0 = c0.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 1]).reinterpretAsShorts();
                a1 = a1.add(v.mul(b));
                c1 = c1.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 2]).reinterpretAsShorts();
                a2 = a2.add(v.mul(b));
                c2 = c2.add(u.mul(b));
                b = IntVector.broadcast(I, x[xj + k * TOKENS + 3]).reinterpretAsShorts();
                a3 = a3.add(v.mul(b));
                c3 = c3.add(u.mul(b));
                v = WIDE ? v.lanewise(LSHR, count) : v.lanewise(LSHR, SHIFT);
                u = WIDE ? u.lanewise(LSHR, count) : u.lanewise(LSHR, SHIFT);
            }
        }
        a0.intoArray(sums, to);
        c0.intoArray(sums, to + SL);
        a1.intoArray(sums, to + STRIP);
        c1.intoArray(sums, to + STRIP + SL);
        a2.intoArray(sums, to + 2 * STRIP);
        c2.intoArray(sums, to + 2 * STRIP + SL);
        a3.intoArray(sums, to + 3 * STRIP);
        c3.intoArray(sums, to + 3 * STRIP + SL);
    }

    private static void tile1x2(long at, int[] x, int x0, int bias, short[] sums, int to) {
        ShortVector a0 = IntVector.broadcast(I, bias).reinterpretAsShorts();
        ShortVector c0 = a0;
        long p = at & ADDRESS;
        ShortVector count = ShortVector.broadcast(S, (short) SHIFT);
        for (int j = 0; j < 8; j++) {
            ShortVector v = ShortVector.fromMemorySegment(S, ALL, p + 2L * ROWS * j, LE);
            ShortVector u = ShortVector.fromMemorySegment(S, ALL, p + 2L * ROWS * j + 2L * SL, LE);
            int xj = x0 + 4 * TOKENS * j;
            for (int k = 0; k < 4; k++) {
                ShortVector b = IntVector.broadcast(I, x[xj + k * TOKENS]).reinterpretAsShorts();
                a0 = a0.add(v.mul(b));
                c0 = c0.add(u.mul(b));
                v = WIDE ? v.lanewise(LSHR, count) : v.lanewise(LSHR, SHIFT);
                u = WIDE ? u.lanewise(LSHR, count) : u.lanewise(LSHR, SHIFT);
            }
        }
        a0.intoArray(sums, to);
        c0.intoArray(sums, to + SL);
    }
}
