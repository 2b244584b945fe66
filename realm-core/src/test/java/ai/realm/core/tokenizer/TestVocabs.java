package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufFile;
import java.util.ArrayList;
import java.util.List;

/** Small vocabularies for tests, built token by token; also of use to tests that need any tokenizer at all. */
public final class TestVocabs {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int BYTE = 6;

    private final String model;
    private final List<String> tokens = new ArrayList<>();
    private final List<Integer> kinds = new ArrayList<>();
    private final List<Float> scores = new ArrayList<>();
    private final List<String> merges = new ArrayList<>();
    private final GgufBuilder keys = new GgufBuilder();
    private boolean written;

    private TestVocabs(String model) {
        this.model = model;
        keys.string("general.architecture", "llama").string("tokenizer.ggml.model", model);
    }

    /** A byte-level BPE vocabulary of the 256 bytes; merges are added. */
    public static TestVocabs bpe(String preTokenizer) {
        TestVocabs v = new TestVocabs("gpt2");
        v.keys.string("tokenizer.ggml.pre", preTokenizer);
        for (int b = 0; b < 256; b++) {
            v.token(new String(Pieces.textOfByte(b), java.nio.charset.StandardCharsets.UTF_8), NORMAL, 0);
        }
        return v;
    }

    /** A SentencePiece vocabulary of unknown, BOS, EOS and the 256 byte tokens; pieces are added. */
    public static TestVocabs spm() {
        TestVocabs v = new TestVocabs("llama").token("<unk>", UNKNOWN, 0).token("<s>", CONTROL, 0).token("</s>", CONTROL, 0);
        for (int b = 0; b < 256; b++) {
            v.token(String.format("<0x%02X>", b), BYTE, 0);
        }
        return v;
    }

    static TestVocabs of(String model) {
        return new TestVocabs(model);
    }

    public TestVocabs token(String text, int kind, float score) {
        tokens.add(text);
        kinds.add(kind);
        scores.add(score);
        return this;
    }

    public TestVocabs control(String text) {
        return token(text, CONTROL, 0);
    }

    public TestVocabs userDefined(String text) {
        return token(text, USER_DEFINED, 0);
    }

    public TestVocabs piece(String text, float score) {
        return token(text, NORMAL, score);
    }

    /** Adds a merge and the token that it makes, if that is new. */
    public TestVocabs merge(String left, String right) {
        merges.add(left + " " + right);
        return tokens.contains(left + right) ? this : token(left + right, NORMAL, 0);
    }

    public TestVocabs key(String name, boolean value) {
        keys.bool("tokenizer.ggml." + name, value);
        return this;
    }

    public TestVocabs key(String name, int value) {
        keys.u32("tokenizer.ggml." + name, value);
        return this;
    }

    int id(String text) {
        return tokens.indexOf(text);
    }

    /** The file to which a test may add keys; ends the building of this vocabulary. */
    GgufBuilder gguf() {
        if (written) {
            return keys;
        }
        written = true;
        float[] scoreArray = new float[scores.size()];
        for (int i = 0; i < scoreArray.length; i++) {
            scoreArray[i] = scores.get(i);
        }
        keys.strings("tokenizer.ggml.tokens", tokens).f32s("tokenizer.ggml.scores", scoreArray)
                .i32s("tokenizer.ggml.token_type", kinds.stream().mapToInt(Integer::intValue).toArray());
        boolean merging = model.equals("gpt2") || !merges.isEmpty();
        return merging ? keys.strings("tokenizer.ggml.merges", merges) : keys;
    }

    public Tokenizer build() {
        try (GgufFile file = gguf().open()) {
            return Tokenizers.fromGguf(file).orElseThrow();
        }
    }
}
