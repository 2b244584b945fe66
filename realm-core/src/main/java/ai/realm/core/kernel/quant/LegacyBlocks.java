package ai.realm.core.kernel.quant;

import java.nio.ByteBuffer;

/** Blocks of 32 weights with one scale, and a minimum in some types. */
final class LegacyBlocks {
    private static final int WEIGHTS = 32;
    private static final int HALF = WEIGHTS / 2;

    private LegacyBlocks() {
    }

    /** Q4_0 and Q5_0: the weight of the largest magnitude becomes the lowest level. */
    static void symmetric(float[] x, int at, ByteBuffer out, boolean five) {
        float magnitude = 0;
        float largest = 0;
        for (int i = at; i < at + WEIGHTS; i++) {
            if (magnitude < Math.abs(x[i])) {
                magnitude = Math.abs(x[i]);
                largest = x[i];
            }
        }
        int middle = five ? 16 : 8;
        float d = largest / -middle;
        float inverse = d != 0 ? 1f / d : 0;
        out.putShort(Float.floatToFloat16(d));
        int[] levels = new int[WEIGHTS];
        for (int i = 0; i < WEIGHTS; i++) {
            levels[i] = Math.min(2 * middle - 1, (byte) (int) (x[at + i] * inverse + (middle + 0.5f)));
        }
        put(levels, out, five);
    }

    /** Q4_1 and Q5_1. */
    static void withMinimum(float[] x, int at, ByteBuffer out, boolean five) {
        float min = Float.MAX_VALUE;
        float max = -Float.MAX_VALUE;
        for (int i = at; i < at + WEIGHTS; i++) {
            min = x[i] < min ? x[i] : min;
            max = x[i] > max ? x[i] : max;
        }
        int most = five ? 31 : 15;
        float d = (max - min) / most;
        float inverse = d != 0 ? 1f / d : 0;
        out.putShort(Float.floatToFloat16(d));
        out.putShort(Float.floatToFloat16(min));
        int[] levels = new int[WEIGHTS];
        for (int i = 0; i < WEIGHTS; i++) {
            int l = (int) ((x[at + i] - min) * inverse + 0.5f);
            levels[i] = five ? l : Math.min(most, l);
        }
        put(levels, out, five);
    }

    /** The fifth bits, where there are any, and then the lower four. */
    private static void put(int[] levels, ByteBuffer out, boolean five) {
        if (five) {
            int high = 0;
            for (int i = 0; i < WEIGHTS; i++) {
                high |= (levels[i] >> 4 & 1) << i;
            }
            out.putInt(high);
        }
        for (int i = 0; i < HALF; i++) {
            out.put((byte) (levels[i] & 15 | (levels[i + HALF] & 15) << 4));
        }
    }

    /** Q8_0. */
    static void eightBits(float[] x, int at, ByteBuffer out) {
        float magnitude = 0;
        for (int i = at; i < at + WEIGHTS; i++) {
            magnitude = Math.max(magnitude, Math.abs(x[i]));
        }
        float d = magnitude / 127;
        float inverse = d != 0 ? 1f / d : 0;
        out.putShort(Float.floatToFloat16(d));
        for (int i = at; i < at + WEIGHTS; i++) {
            double v = x[i] * inverse;
            out.put((byte) (int) (v < 0 ? -Math.floor(0.5 - v) : Math.floor(v + 0.5)));
        }
    }
}
