package ai.realm.core.gguf;

import java.nio.charset.StandardCharsets;

/**
 * A metadata array: {@code byte[][]} for strings (raw, as a token's text need not be UTF-8), {@code long[]} for integers,
 * {@code double[]} for floating point, {@code boolean[]}, held in {@code values}. Treat as immutable.
 *
 * @param elements the type that the file gives its elements
 */
public record GgufArray(Object values, GgufType elements) {

    public int size() {
        return java.lang.reflect.Array.getLength(values);
    }

    public byte[][] bytes() {
        return as(byte[][].class, "strings");
    }

    /** The strings decoded as UTF-8, malformed bytes replaced by U+FFFD. */
    public String[] strings() {
        byte[][] raw = bytes();
        String[] out = new String[raw.length];
        for (int i = 0; i < raw.length; i++) {
            out[i] = new String(raw[i], StandardCharsets.UTF_8);
        }
        return out;
    }

    public long[] integers() {
        return as(long[].class, "integers");
    }

    public double[] numbers() {
        return as(double[].class, "floating-point numbers");
    }

    public boolean[] booleans() {
        return as(boolean[].class, "booleans");
    }

    private <T> T as(Class<T> type, String what) {
        if (!type.isInstance(values)) {
            throw new GgufException("an array of " + what + " is wanted, not of " + values.getClass().getSimpleName(), -1);
        }
        return type.cast(values);
    }
}
