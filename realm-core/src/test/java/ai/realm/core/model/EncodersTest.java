package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EncodersTest {
    private static Compute compute;

    @BeforeAll
    static void open() {
        compute = Compute.open(new Compute.Options(2, ActivationMode.F32, "scalar"));
    }

    @AfterAll
    static void close() {
        compute.close();
    }

    static List<TinyModel> encoders() throws IOException {
        return TinyModel.read("tiny-encoders.jsonl");
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void embed_textsInOnePass_givesReferenceVectors(TinyModel tiny) {
        try (GgufFile file = tiny.file().open(); Encoder encoder = Encoders.load(file, compute, 64)) {
            assertReference(tiny, encoder.embed(texts(tiny)));
        }
    }

    @ParameterizedTest
    @MethodSource("encoders")
    void embed_moreTextsThanFitOnePass_givesReferenceVectors(TinyModel tiny) {
        try (GgufFile file = tiny.file().open(); Encoder encoder = Encoders.load(file, compute, 25)) {
            assertReference(tiny, encoder.embed(texts(tiny)));
        }
    }

    @Test
    void embed_textTooLong_isRefusedWithItsLength() throws IOException {
        try (GgufFile file = encoders().get(0).file().open(); Encoder encoder = Encoders.load(file, compute, 8)) {
            assertThat(encoder.maxTokens()).isEqualTo(8);
            assertThatThrownBy(() -> encoder.embed(new int[][]{{1}, new int[9]})).isInstanceOf(RealmException.class)
                    .hasMessageContaining("8 tokens, not 9").extracting(e -> ((RealmException) e).code())
                    .isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
            assertThatThrownBy(() -> encoder.embed(new int[][]{{}})).isInstanceOf(RealmException.class)
                    .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.EMPTY_PROMPT);
        }
    }

    @Test
    void load_poolingByClassifier_isRefusedWithoutOne() throws IOException {
        refused(named("bert-mean").file("bert.pooling_type", 4), "tensor cls.output.weight");
    }

    @Test
    void load_poolingOfAnUnknownKind_isRefusedByNumber() throws IOException {
        refused(named("bert-mean").file("bert.pooling_type", 5), "bert.pooling_type is 5");
        refused(named("qwen3-last").file("qwen3.pooling_type", 9), "qwen3.pooling_type is 9");
    }

    @Test
    void load_classifierOfOtherLabels_isRefusedByThem() throws IOException {
        TinyModel tiny = named("qwen3-rank");
        String key = "qwen3.classifier.output_labels";
        for (List<String> labels : List.of(List.of("good", "bad"), List.of("yes", "no", "perhaps"))) {
            GgufBuilder file = tiny.without(key).strings(key, labels);
            refused(file, key);
        }
        // Without labels there is one, and the two rows of the tensor do not fit.
        refused(tiny.without(key), "cls.output.weight must have shape");
    }

    @Test
    void load_layersThatKeepAState_areRefused() throws IOException {
        for (TinyModel tiny : TinyModel.all()) {
            if (tiny.name().startsWith("lfm2") || tiny.name().startsWith("qwen35")) {
                String architecture = tiny.keys("").open().architecture();
                refused(tiny.file(architecture + ".pooling_type", 3), "recurrent layers");
            }
        }
    }

    @Test
    void load_windowsOfTokensThatSeeEverything_areRefused() throws IOException {
        TinyModel tiny = named("gemma3-last");
        refused(tiny.without("gemma3.attention.causal").bool("gemma3.attention.causal", false), "a window");
    }

    @Test
    void takes_decoderByItsPooling_onlyWithTheKey() throws IOException {
        try (GgufFile with = named("qwen3-last").keys("").open();
                GgufFile without = named("qwen3-last").keys("qwen3.pooling_type").open()) {
            assertThat(Encoders.takes(with)).isTrue();
            assertThat(Encoders.takes(without)).isFalse();
        }
    }

    private static TinyModel named(String name) throws IOException {
        return encoders().stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
    }

    private static void refused(GgufBuilder builder, String why) {
        try (GgufFile file = builder.open()) {
            assertThatThrownBy(() -> Encoders.load(file, compute, 8).close()).isInstanceOf(GgufException.class)
                    .hasMessageContaining(why);
        }
    }

    @Test
    void load_encoderAsDecoder_saysWhatItIs() throws IOException {
        try (GgufFile file = encoders().get(0).file().open()) {
            assertThatThrownBy(() -> Models.load(file, compute, new Models.Options(8, 0)).close())
                    .isInstanceOf(GgufException.class)
                    .hasMessageContaining("an encoder");
        }
    }

    private static int[][] texts(TinyModel tiny) {
        JsonNode texts = tiny.data().get("texts");
        int[][] out = new int[texts.size()][];
        for (int i = 0; i < out.length; i++) {
            out[i] = Golden.ints(texts.get(i));
        }
        return out;
    }

    private static void assertReference(TinyModel tiny, float[][] vectors) {
        for (int i = 0; i < vectors.length; i++) {
            float[] expected = TinyModel.decoded(tiny.data().get("embeddings").get(i).asText());
            if (expected.length == 1) {
                // A score may be near 0, so that its error is not told by its size.
                assertThat(vectors[i][0]).as("text %s", i).isCloseTo(expected[0], Offset.offset(1e-3f));
                continue;
            }
            assertThat(Golden.nmse(vectors[i], expected)).as("text %s", i)
                    .isLessThan(tiny.name().matches("(bert|gemma|jina-bert|nomic-bert-moe|modern-bert).*") ? 1e-6 : 1e-10);
        }
    }

    @Test
    void load_layersThatUseOthersKeys_areRefused() throws IOException {
        refused(TinyModel.named("gemma4").file("gemma4.attention.shared_kv_layers", 1).u32("gemma4.pooling_type", 1),
                "the keys of others");
    }
}
