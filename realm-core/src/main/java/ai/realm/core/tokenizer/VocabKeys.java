package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The vocabulary arrays of a GGUF file, read and checked: texts, scores and kinds of equal meaning for each token id. */
final class VocabKeys {
    static final String PREFIX = "tokenizer.ggml.";
    /** Far above any real token's; bounds what matching one at every place of a text can cost. */
    private static final int MAX_TOKEN_BYTES = 4096;

    private VocabKeys() {
    }

    static byte[][] tokens(GgufFile gguf) {
        byte[][] raw = strings(gguf, PREFIX + "tokens");
        if (raw.length == 0) {
            throw new GgufException("key " + PREFIX + "tokens must hold at least one token", -1);
        }
        byte[][] texts = raw.clone();
        for (int i = 0; i < texts.length; i++) {
            if (texts[i].length > MAX_TOKEN_BYTES) {
                throw new GgufException(
                        "key " + PREFIX + "tokens must hold texts of at most " + MAX_TOKEN_BYTES + " bytes; token " + i
                                + " has " + texts[i].length,
                        -1);
            }
            if (texts[i].length == 0) {
                texts[i] = ("[EMPTY_" + i + "]").getBytes(StandardCharsets.UTF_8);
            }
        }
        return texts;
    }

    static byte[][] strings(GgufFile gguf, String key) {
        return array(gguf, key).values() instanceof byte[][] s ? s : wrong(gguf, key, "strings");
    }

    /** A score for each token; null when the file has none. */
    static float @Nullable [] scores(GgufFile gguf, int count) {
        String key = PREFIX + "scores";
        if (!gguf.has(key)) {
            return null;
        }
        requireElements(gguf, key, GgufType.FLOAT32, GgufType.INT32);
        float[] out = new float[count];
        switch (array(gguf, key).values()) {
            case double[] d -> {
                enough(key, d.length, count);
                for (int i = 0; i < count; i++) {
                    out[i] = (float) d[i];
                }
            }
            case long[] n -> {
                enough(key, n.length, count);
                for (int i = 0; i < count; i++) {
                    out[i] = n[i];
                }
            }
            default -> wrong(gguf, key, "numbers");
        }
        return out;
    }

    /** The kind of each token; all normal when the file does not say. */
    static Vocab.Kind[] kinds(GgufFile gguf, int count) {
        String key = PREFIX + "token_type";
        Vocab.Kind[] out = new Vocab.Kind[count];
        Arrays.fill(out, Vocab.Kind.NORMAL);
        if (!gguf.has(key)) {
            return out;
        }
        requireElements(gguf, key, GgufType.INT32);
        long[] types = array(gguf, key).values() instanceof long[] n ? n : wrong(gguf, key, "integers");
        enough(key, types.length, count);
        Vocab.Kind[] kinds = Vocab.Kind.values();
        for (int i = 0; i < count; i++) {
            out[i] = types[i] >= 1 && types[i] <= kinds.length ? kinds[(int) types[i] - 1] : Vocab.Kind.UNUSED;
        }
        return out;
    }

    private static void requireElements(GgufFile gguf, String key, GgufType... types) {
        GgufArray array = array(gguf, key);
        if (!List.of(types).contains(array.elements())) {
            throw new GgufException("key " + key + " must be an array of " + types[0] + ", not of " + array.elements(), -1);
        }
    }

    private static GgufArray array(GgufFile gguf, String key) {
        return gguf.array(key);
    }

    private static void enough(String key, int length, int count) {
        if (length < count) {
            throw new GgufException("key " + key + " must have an element for each of the " + count + " tokens, not " + length,
                    -1);
        }
    }

    private static <T> T wrong(GgufFile gguf, String key, String wanted) {
        String found = switch (gguf.array(key).values()) {
            case byte[][] b -> "strings";
            case long[] n -> "integers";
            case double[] d -> "floating-point numbers";
            default -> "booleans";
        };
        throw new GgufException("key " + key + " must be an array of " + wanted + ", not of " + found, -1);
    }
}
