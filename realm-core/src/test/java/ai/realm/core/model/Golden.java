package ai.realm.core.model;

import ai.realm.core.kernel.FloatRows;
import com.fasterxml.jackson.databind.JsonNode;

/** Reading expected values in tests of models. */
final class Golden {
    private Golden() {
    }

    static int[] ints(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asInt();
        }
        return out;
    }

    static float[] floats(JsonNode array) {
        float[] out = new float[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) array.get(i).asDouble();
        }
        return out;
    }

    /** The column of a row's greatest number. */
    static int argmax(FloatRows rows, int row) {
        int best = 0;
        for (int i = 1; i < rows.cols(); i++) {
            if (rows.data()[rows.offset(row) + i] > rows.data()[rows.offset(row) + best]) {
                best = i;
            }
        }
        return best;
    }

    /** {@code sum((a-b)²) / sum(b²)}. */
    static double nmse(float[] a, float[] b) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < b.length; i++) {
            double d = (double) a[i] - b[i];
            error += d * d;
            norm += (double) b[i] * b[i];
        }
        return error / norm;
    }
}
