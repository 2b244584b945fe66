package ai.realm.core.kernel.quant;

import ai.realm.core.kernel.quant.ScaleSearch.WithMinimum;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Blocks of 256 weights whose groups have scales (and minima) that are themselves small integers; see {@link KQuants} for how they lie. */
final class KBlocks {
    private static final int WEIGHTS = 256;
    private static final WithMinimum TWO_BITS = new WithMinimum(3, -0.5f, 0.1f, 15, true);
    private static final WithMinimum FOUR_BITS = new WithMinimum(15, -1f, 0.1f, 20, false);
    private static final WithMinimum FIVE_BITS = new WithMinimum(31, -0.5f, 0.1f, 15, false);

    private KBlocks() {
    }

    private static float greatest(float[] x) {
        float most = 0;
        for (float v : x) {
            most = v > most ? v : most;
        }
        return most;
    }

    static void q2k(float[] x, int at, ByteBuffer out) {
        int[] levels = new int[WEIGHTS];
        float[] scales = new float[16];
        float[] minima = new float[16];
        float[] weights = new float[16];
        for (int g = 0; g < 16; g++) {
            for (int i = 0; i < 16; i++) {
                weights[i] = Math.abs(x[at + 16 * g + i]);
            }
            scales[g] = TWO_BITS.search(x, at + 16 * g, 16, weights, levels, 16 * g, minima, g);
        }
        float mostScale = greatest(scales);
        float mostMin = greatest(minima);
        short d = Float.floatToFloat16(mostScale > 0 ? mostScale / 15f : 0);
        short dMin = Float.floatToFloat16(mostMin > 0 ? mostMin / 15f : 0);
        for (int g = 0; g < 16; g++) {
            int scale = mostScale > 0 ? ScaleSearch.nearest(15f / mostScale * scales[g]) : 0;
            int min = mostMin > 0 ? ScaleSearch.nearest(15f / mostMin * minima[g]) : 0;
            out.put((byte) (scale | min << 4));
            again(x, at + 16 * g, 16, Float.float16ToFloat(d) * (scale & 15), Float.float16ToFloat(dMin) * min, 3, levels,
                    16 * g);
        }
        putTwoBits(levels, out);
        out.putShort(d);
        out.putShort(dMin);
    }

    /** The levels anew, with the scale and minimum as they are stored. */
    private static void again(float[] x, int at, int n, float d, float min, int most, int[] levels, int to) {
        if (d == 0) {
            return;
        }
        for (int i = 0; i < n; i++) {
            levels[to + i] = Math.clamp(ScaleSearch.nearest((x[at + i] + min) / d), 0, most);
        }
    }

    private static void putTwoBits(int[] levels, ByteBuffer out) {
        for (int j = 0; j < WEIGHTS; j += 128) {
            for (int l = 0; l < 32; l++) {
                out.put((byte) (levels[j + l] | levels[j + l + 32] << 2 | levels[j + l + 64] << 4 | levels[j + l + 96] << 6));
            }
        }
    }

    static void q3k(float[] x, int at, ByteBuffer out) {
        int[] levels = new int[WEIGHTS];
        float[] scales = new float[16];
        float magnitude = 0;
        float largest = 0;
        for (int g = 0; g < 16; g++) {
            scales[g] = ScaleSearch.byTurns(x, at + 16 * g, 16, 4, levels, 16 * g);
            if (Math.abs(scales[g]) > magnitude) {
                magnitude = Math.abs(scales[g]);
                largest = scales[g];
            }
        }
        byte[] packed = new byte[12];
        short d = 0;
        int[] numbers = new int[16];
        Arrays.fill(numbers, -32);
        if (largest != 0) {
            float inverse = -32f / largest;
            d = Float.floatToFloat16(1 / inverse);
            for (int g = 0; g < 16; g++) {
                numbers[g] = Math.clamp((byte) ScaleSearch.nearest(inverse * scales[g]), -32, 31);
                int l = numbers[g] + 32;
                packed[g % 8] |= (byte) ((l & 15) << (g < 8 ? 0 : 4));
                packed[8 + g % 4] |= (byte) (l >> 4 << 2 * (g / 4));
            }
        }
        for (int g = 0; g < 16; g++) {
            float scale = Float.float16ToFloat(d) * numbers[g];
            for (int i = 16 * g; scale != 0 && i < 16 * g + 16; i++) {
                levels[i] = Math.clamp(ScaleSearch.nearest(x[at + i] / scale), -4, 3) + 4;
            }
        }
        byte[] high = new byte[32];
        for (int i = 0; i < WEIGHTS; i++) {
            if (levels[i] > 3) {
                high[i % 32] |= (byte) (1 << i / 32);
                levels[i] -= 4;
            }
        }
        out.put(high);
        putTwoBits(levels, out);
        out.put(packed);
        out.putShort(d);
    }

    static void q4k(float[] x, int at, ByteBuffer out) {
        int[] levels = grouped(x, at, FOUR_BITS, out);
        putFourBits(levels, out);
    }

    static void q5k(float[] x, int at, ByteBuffer out) {
        int[] levels = grouped(x, at, FIVE_BITS, out);
        byte[] high = new byte[32];
        for (int i = 0; i < WEIGHTS; i++) {
            high[i % 32] |= (byte) ((levels[i] >> 4) << i / 32);
            levels[i] &= 15;
        }
        out.put(high);
        putFourBits(levels, out);
    }

    private static void putFourBits(int[] levels, ByteBuffer out) {
        for (int j = 0; j < WEIGHTS; j += 64) {
            for (int l = 0; l < 32; l++) {
                out.put((byte) (levels[j + l] | levels[j + l + 32] << 4));
            }
        }
    }

    /** Q4_K's and Q5_K's scales of eight groups, and the levels. */
    private static int[] grouped(float[] x, int at, WithMinimum kind, ByteBuffer out) {
        int[] levels = new int[WEIGHTS];
        float[] scales = new float[8];
        float[] minima = new float[8];
        float[] weights = new float[32];
        for (int g = 0; g < 8; g++) {
            float squares = 0;
            for (int i = 0; i < 32; i++) {
                squares += x[at + 32 * g + i] * x[at + 32 * g + i];
            }
            float average = (float) Math.sqrt(squares / 32);
            for (int i = 0; i < 32; i++) {
                weights[i] = average + Math.abs(x[at + 32 * g + i]);
            }
            scales[g] = kind.search(x, at + 32 * g, 32, weights, levels, 32 * g, minima, g);
        }
        float mostScale = greatest(scales);
        float mostMin = greatest(minima);
        short d = Float.floatToFloat16(mostScale / 63f);
        short dMin = Float.floatToFloat16(mostMin / 63f);
        byte[] packed = new byte[12];
        for (int g = 0; g < 8; g++) {
            int scale = Math.min(63, ScaleSearch.nearest((mostScale > 0 ? 63f / mostScale : 0) * scales[g]) & 255);
            int min = Math.min(63, ScaleSearch.nearest((mostMin > 0 ? 63f / mostMin : 0) * minima[g]) & 255);
            if (g < 4) {
                packed[g] = (byte) scale;
                packed[g + 4] = (byte) min;
            } else {
                packed[g + 4] = (byte) (scale & 15 | (min & 15) << 4);
                packed[g - 4] |= (byte) (scale >> 4 << 6);
                packed[g] |= (byte) (min >> 4 << 6);
            }
            again(x, at + 32 * g, 32, Float.float16ToFloat(d) * scale, Float.float16ToFloat(dMin) * min, kind.most(), levels,
                    32 * g);
        }
        out.putShort(d);
        out.putShort(dMin);
        out.put(packed);
        return levels;
    }

    static void q6k(float[] x, int at, ByteBuffer out) {
        int[] levels = new int[WEIGHTS];
        float[] scales = new float[16];
        float magnitude = 0;
        float largest = 0;
        for (int g = 0; g < 16; g++) {
            scales[g] = ScaleSearch.symmetric(x, at + 16 * g, 16, 32, levels, 16 * g);
            if (Math.abs(scales[g]) > magnitude) {
                magnitude = Math.abs(scales[g]);
                largest = scales[g];
            }
        }
        if (magnitude < ScaleSearch.ZERO) {
            out.put(new byte[210]);
            return;
        }
        float inverse = -128f / largest;
        short d = Float.floatToFloat16(1 / inverse);
        byte[] packed = new byte[16];
        for (int g = 0; g < 16; g++) {
            packed[g] = (byte) Math.min(127, ScaleSearch.nearest(inverse * scales[g]));
            float scale = Float.float16ToFloat(d) * packed[g];
            for (int i = 16 * g; scale != 0 && i < 16 * g + 16; i++) {
                levels[i] = Math.clamp(ScaleSearch.nearest(x[at + i] / scale), -32, 31) + 32;
            }
        }
        byte[] high = new byte[64];
        for (int j = 0; j < WEIGHTS; j += 128) {
            for (int l = 0; l < 64; l++) {
                out.put((byte) (levels[j + l] & 15 | (levels[j + l + 64] & 15) << 4));
            }
            for (int l = 0; l < 32; l++) {
                high[j / 4 + l] = (byte) (levels[j + l] >> 4 | levels[j + l + 32] >> 4 << 2 | levels[j + l + 64] >> 4 << 4
                        | levels[j + l + 96] >> 4 << 6);
            }
        }
        out.put(high);
        out.put(packed);
        out.putShort(d);
    }
}
