package ai.realm.core.kernel.quant;

import java.util.Arrays;

/**
 * The search for the scale of a group of weights that whole numbers times it come nearest to, by weighted squares. The order of the additions is
 * that of ggml's reference (llama.cpp de3ff81), so that the same weights give the same blocks.
 */
final class ScaleSearch {
    /** A group whose largest weight is smaller counts as zero. */
    static final float ZERO = 1e-15f;

    private ScaleSearch() {
    }

    /** The nearest whole number, ties to even; for less than 2^22. */
    static int nearest(float x) {
        return (Float.floatToRawIntBits(x + 12582912f) & 0x7fffff) - 0x400000;
    }

    /** The number of the group with the largest magnitude, with its sign. */
    private static float largest(float[] x, int at, int n) {
        float magnitude = 0;
        float found = 0;
        for (int i = at; i < at + n; i++) {
            if (Math.abs(x[i]) > magnitude) {
                magnitude = Math.abs(x[i]);
                found = x[i];
            }
        }
        return found;
    }

    /**
     * A scale for numbers from {@code -most} to {@code most - 1}, each weight counting by its square; the numbers plus {@code most} go to
     * {@code levels}.
     */
    static float symmetric(float[] x, int at, int n, int most, int[] levels, int to) {
        float largest = largest(x, at, n);
        if (Math.abs(largest) < ZERO) {
            Arrays.fill(levels, to, to + n, 0);
            return 0;
        }
        float scale = 0;
        float best = 0;
        for (int step = 0; step <= 18; step++) {
            // First the scale that brings the largest weight to -most, then those around it.
            int off = step == 0 ? 0 : step <= 9 ? step - 10 : step - 9;
            float inverse = step == 0 ? -most / largest : -(most + 0.1f * off) / largest;
            float sumLx = 0;
            float sumL2 = 0;
            for (int i = 0; i < n; i++) {
                float v = x[at + i];
                int l = Math.clamp(nearest(inverse * v), -most, most - 1);
                float w = v * v;
                sumLx += w * v * l;
                sumL2 += w * l * l;
            }
            if (step == 0) {
                scale = sumL2 != 0 ? sumLx / sumL2 : 0;
                best = scale * sumLx;
            } else if (!(sumL2 > 0 && sumLx * sumLx > best * sumL2)) {
                continue;
            } else {
                scale = sumLx / sumL2;
                best = scale * sumLx;
            }
            for (int i = 0; i < n; i++) {
                levels[to + i] = Math.clamp(nearest(inverse * x[at + i]), -most, most - 1) + most;
            }
        }
        return scale;
    }

    /** The same for few levels: numbers are changed one by one for as long as that brings the group nearer, in five rounds at most. */
    static float byTurns(float[] x, int at, int n, int most, int[] levels, int to) {
        float largest = largest(x, at, n);
        if (Math.abs(largest) < ZERO) {
            Arrays.fill(levels, to, to + n, 0);
            return 0;
        }
        float inverse = -most / largest;
        float sumLx = 0;
        float sumL2 = 0;
        for (int i = 0; i < n; i++) {
            float v = x[at + i];
            int l = Math.clamp(nearest(inverse * v), -most, most - 1);
            levels[to + i] = l;
            float w = v * v;
            sumLx += w * v * l;
            sumL2 += w * l * l;
        }
        boolean changed = true;
        for (int round = 0; round < 5 && changed; round++) {
            changed = false;
            for (int i = 0; i < n; i++) {
                float v = x[at + i];
                float w = v * v;
                int old = levels[to + i];
                float lx = sumLx - w * v * old;
                if (!(lx > 0)) {
                    continue;
                }
                float l2 = sumL2 - w * old * old;
                int l = Math.clamp(nearest(v * l2 / lx), -most, most - 1);
                if (l != old) {
                    lx += w * v * l;
                    l2 += w * l * l;
                    if (l2 > 0 && lx * lx * sumL2 > sumLx * sumLx * l2) {
                        levels[to + i] = l;
                        sumLx = lx;
                        sumL2 = l2;
                        changed = true;
                    }
                }
            }
        }
        for (int i = 0; i < n; i++) {
            levels[to + i] += most;
        }
        return sumL2 > 0 ? sumLx / sumL2 : 0;
    }

    /**
     * How a scale and a minimum are looked for: scales around the one that covers the group, by {@code from}, {@code from + step}, … levels.
     *
     * @param most the highest level, the lowest is 0
     * @param magnitudes whether the error is the sum of magnitudes and not of squares
     */
    record WithMinimum(int most, float from, float step, int steps, boolean magnitudes) {
        /**
         * The scale; the minimum, its sign turned, goes to {@code minima[group]}.
         *
         * @param weights what each weight of the group counts
         */
        float search(float[] x, int at, int n, float[] weights, int[] levels, int to, float[] minima, int group) {
            float min = x[at];
            float max = x[at];
            float sumW = weights[0];
            float sumX = sumW * x[at];
            for (int i = 1; i < n; i++) {
                min = Math.min(x[at + i], min);
                max = Math.max(x[at + i], max);
                sumW += weights[i];
                sumX += weights[i] * x[at + i];
            }
            min = min > 0 ? 0 : min;
            if (max == min) {
                Arrays.fill(levels, to, to + n, 0);
                minima[group] = -min;
                return 0;
            }
            float inverse = most / (max - min);
            float scale = 1 / inverse;
            int[] tried = new int[n];
            levels(x, at, n, inverse, min, tried);
            System.arraycopy(tried, 0, levels, to, n);
            float best = error(x, at, n, weights, tried, scale, min);
            float lowest = min;
            for (int s = 0; s <= steps; s++) {
                inverse = (from + step * s + most) / (max - lowest);
                levels(x, at, n, inverse, lowest, tried);
                float sumL = 0;
                float sumL2 = 0;
                float sumXl = 0;
                for (int i = 0; i < n; i++) {
                    float w = weights[i];
                    int l = tried[i];
                    sumL += w * l;
                    sumL2 += w * l * l;
                    sumXl += w * l * x[at + i];
                }
                float d = sumW * sumL2 - sumL * sumL;
                if (!(d > 0)) {
                    continue;
                }
                float newScale = (sumW * sumXl - sumX * sumL) / d;
                float newMin = (sumL2 * sumX - sumL * sumXl) / d;
                if (newMin > 0) {
                    newMin = 0;
                    newScale = sumXl / sumL2;
                }
                float error = error(x, at, n, weights, tried, newScale, newMin);
                if (error < best) {
                    System.arraycopy(tried, 0, levels, to, n);
                    best = error;
                    scale = newScale;
                    // The reference goes on from the minimum that it has found.
                    lowest = newMin;
                }
            }
            minima[group] = -lowest;
            return scale;
        }

        private void levels(float[] x, int at, int n, float inverse, float min, int[] out) {
            for (int i = 0; i < n; i++) {
                out[i] = Math.clamp(nearest(inverse * (x[at + i] - min)), 0, most);
            }
        }

        private float error(float[] x, int at, int n, float[] weights, int[] levels, float scale, float min) {
            float sum = 0;
            for (int i = 0; i < n; i++) {
                float d = scale * levels[i] + min - x[at + i];
                sum += weights[i] * (magnitudes ? Math.abs(d) : d * d);
            }
            return sum;
        }
    }
}
