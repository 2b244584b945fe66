package ai.realm.core.model;

import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufType;
import java.util.Arrays;
import java.util.Set;

/**
 * The hyper-parameters of one model: metadata keys under its architecture's prefix, each read with the range it must lie in, so
 * that a hostile value is refused by name before anything is sized by it.
 */
final class ModelKeys {
    /** Larger than any real width, small enough that products of two fit a long and one row fits an array. */
    static final int MAX_WIDTH = 1 << 22;

    private final GgufFile file;
    private final String architecture;

    ModelKeys(GgufFile file) {
        this.file = file;
        this.architecture = file.architecture();
        KnownKeys.check(file);
    }

    String architecture() {
        return architecture;
    }

    GgufFile file() {
        return file;
    }

    boolean has(String key) {
        return file.has(full(key));
    }

    /** A width or count that must be given: 1 to {@link #MAX_WIDTH}. */
    int size(String key) {
        return integer(key, 1, MAX_WIDTH);
    }

    int integer(String key, int min, int max) {
        file.requireType(full(key), GgufType.UINT32);
        return file.intIn(full(key), min, max);
    }

    int integerOr(String key, int absent, int min, int max) {
        return has(key) ? integer(key, min, max) : absent;
    }

    boolean flag(String key, boolean absent) {
        return file.boolOr(full(key), absent);
    }

    /** A finite number that must be given. */
    float number(String key) {
        file.requireType(full(key), GgufType.FLOAT32);
        double v = file.number(full(key));
        if (!Double.isFinite(v)) {
            throw new GgufException("key " + full(key) + " must be a finite number, not " + v, -1);
        }
        return (float) v;
    }

    float numberOr(String key, float absent) {
        return has(key) ? number(key) : absent;
    }

    /** A number greater than 0. */
    float positive(String key) {
        float v = number(key);
        if (!(v > 0)) {
            throw new GgufException("key " + full(key) + " must be greater than 0, not " + v, -1);
        }
        return v;
    }

    float positiveOr(String key, float absent) {
        return has(key) ? positive(key) : absent;
    }

    /** One of a closed set of words. */
    String word(String key, String absent, Set<String> supported) {
        String v = has(key) ? file.string(full(key)) : absent;
        if (!supported.contains(v)) {
            throw new GgufException(
                    "key " + full(key) + " is \"" + v + "\"; supported are "
                            + String.join(", ", supported.stream().sorted().toList()),
                    -1);
        }
        return v;
    }

    /** A value for every layer: one integer for all of them, or an array. */
    int[] perLayer(String key, int layers, int min, int max) {
        int[] out = new int[layers];
        if (!(file.metadata().get(full(key)) instanceof GgufArray array)) {
            Arrays.fill(out, integer(key, min, max));
            return out;
        }
        long[] values = array.values() instanceof boolean[] flags ? asIntegers(flags) : array.integers();
        int all = integer("block_count", layers, Integer.MAX_VALUE);
        if (values.length != all) {
            throw new GgufException(
                    "key " + full(key) + " must have a value for each of " + all + " layers, not " + values.length,
                    -1);
        }
        for (int i = 0; i < layers; i++) {
            if (values[i] < min || values[i] > max) {
                throw new GgufException("key " + full(key) + "[" + i + "] must be " + min + ".." + max + ", not " + values[i],
                        -1);
            }
            out[i] = (int) values[i];
        }
        return out;
    }

    /** A finite number for every layer, under a key without the architecture's prefix: one for all of them, or an array. */
    float[] generalNumbers(String key, int layers) {
        double[] values = file.metadata().get(key) instanceof GgufArray array ? array.numbers() : new double[]{file.number(key)};
        if (values.length != 1 && values.length < layers) {
            throw new GgufException("key " + key + " must have a value for each of " + layers + " layers, not " + values.length,
                    -1);
        }
        float[] out = new float[layers];
        for (int i = 0; i < layers; i++) {
            out[i] = (float) values[values.length == 1 ? 0 : i];
            if (!Float.isFinite(out[i])) {
                throw new GgufException("key " + key + " must be a finite number for layer " + i + ", not " + out[i], -1);
            }
        }
        return out;
    }

    boolean isArray(String key) {
        return file.metadata().get(full(key)) instanceof GgufArray;
    }

    private static long[] asIntegers(boolean[] flags) {
        long[] out = new long[flags.length];
        for (int i = 0; i < flags.length; i++) {
            out[i] = flags[i] ? 1 : 0;
        }
        return out;
    }

    /** Refuses a value, naming key, value and what is supported. */
    GgufException refuse(String key, Object value, String rule) {
        return new GgufException("key " + full(key) + " is " + value + "; " + rule, -1);
    }

    String full(String key) {
        return architecture + "." + key;
    }
}
