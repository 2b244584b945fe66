package ai.realm.core.kernel;

/** Rotary positions by their definition, see {@link RowKernels#rotate}. */
public final class Rotation {
    private Rotation() {
    }

    public static void rotate(boolean neighbours, float[] x, int offset, int stride, int heads, float[] cos, float[] sin,
            int table, int pairs) {
        for (int h = 0; h < heads; h++) {
            if (neighbours) {
                neighbours(x, offset + h * stride, cos, sin, table, pairs);
            } else {
                halves(x, offset + h * stride, cos, sin, table, pairs);
            }
        }
    }

    private static void neighbours(float[] x, int at, float[] cos, float[] sin, int table, int pairs) {
        for (int i = 0; i < pairs; i++) {
            float c = cos[table + i];
            float s = sin[table + i];
            float a = x[at + 2 * i];
            float b = x[at + 2 * i + 1];
            x[at + 2 * i] = a * c - b * s;
            x[at + 2 * i + 1] = a * s + b * c;
        }
    }

    private static void halves(float[] x, int at, float[] cos, float[] sin, int table, int pairs) {
        for (int i = 0; i < pairs; i++) {
            float c = cos[table + i];
            float s = sin[table + i];
            float a = x[at + i];
            float b = x[at + pairs + i];
            x[at + i] = a * c - b * s;
            x[at + pairs + i] = a * s + b * c;
        }
    }
}
