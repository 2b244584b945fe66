package ai.realm.core.kernel.quant;

import java.nio.ByteBuffer;

/** IQ4_NL and IQ4_XS: levels that do not lie evenly, chosen by the nearest; scales are looked for among fifteen. */
final class NonLinearBlocks {
    private static final int GROUP = 32;
    private static final int TRIES = 7;

    private NonLinearBlocks() {
    }

    private static int nearest(float x) {
        int[] levels = NonLinearQuants.LEVELS;
        int last = levels.length - 1;
        if (x <= levels[0]) {
            return 0;
        }
        if (x >= levels[last]) {
            return last;
        }
        int low = 0;
        int high = last;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (x < levels[middle]) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return x - levels[high - 1] < levels[high] - x ? high - 1 : high;
    }

    /** The scale of a group, each weight counting by its square. */
    private static float scale(float[] x, int at) {
        float magnitude = 0;
        float largest = 0;
        for (int i = at; i < at + GROUP; i++) {
            if (Math.abs(x[i]) > magnitude) {
                magnitude = Math.abs(x[i]);
                largest = x[i];
            }
        }
        if (magnitude < ScaleSearch.ZERO) {
            return 0;
        }
        float lowest = NonLinearQuants.LEVELS[0];
        float scale = 0;
        float best = 0;
        for (int t = -TRIES - 1; t <= TRIES; t++) {
            boolean first = t < -TRIES;
            float inverse = first ? 1 / (-largest / lowest) : (t + lowest) / largest;
            float sumQx = 0;
            float sumQ2 = 0;
            for (int i = at; i < at + GROUP; i++) {
                float q = NonLinearQuants.LEVELS[nearest(inverse * x[i])];
                float w = x[i] * x[i];
                sumQx += w * q * x[i];
                sumQ2 += w * q * q;
            }
            if (first) {
                scale = sumQ2 > 0 ? sumQx / sumQ2 : 0;
                best = scale * sumQx;
            } else if (sumQ2 > 0 && sumQx * sumQx > best * sumQ2) {
                scale = sumQx / sumQ2;
                best = scale * sumQx;
            }
        }
        return scale;
    }

    private static void put(float[] x, int at, float inverse, ByteBuffer out) {
        for (int i = 0; i < GROUP / 2; i++) {
            out.put((byte) (nearest(inverse * x[at + i]) | nearest(inverse * x[at + GROUP / 2 + i]) << 4));
        }
    }

    static void nl(float[] x, int at, ByteBuffer out) {
        float scale = scale(x, at);
        out.putShort(Float.floatToFloat16(scale));
        put(x, at, scale != 0 ? 1 / scale : 0, out);
    }

    static void xs(float[] x, int at, ByteBuffer out) {
        float[] scales = new float[8];
        float magnitude = 0;
        float largest = 0;
        for (int g = 0; g < 8; g++) {
            scales[g] = scale(x, at + GROUP * g);
            if (Math.abs(scales[g]) > magnitude) {
                magnitude = Math.abs(scales[g]);
                largest = scales[g];
            }
        }
        float d = -largest / 32;
        float inverse = d != 0 ? 1 / d : 0;
        int high = 0;
        byte[] low = new byte[4];
        float[] inverses = new float[8];
        for (int g = 0; g < 8; g++) {
            int l = Math.clamp(ScaleSearch.nearest(inverse * scales[g]), -32, 31);
            float scale = d * l;
            inverses[g] = scale != 0 ? 1 / scale : 0;
            low[g / 2] |= (byte) ((l + 32 & 15) << 4 * (g % 2));
            high |= (l + 32 >> 4) << 2 * g;
        }
        out.putShort(Float.floatToFloat16(d));
        out.putShort((short) high);
        out.put(low);
        for (int g = 0; g < 8; g++) {
            put(x, at + GROUP * g, inverses[g], out);
        }
    }
}
