package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
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
    void load_poolingByClassifier_isRefusedByName() throws IOException {
        try (GgufFile file = encoders().get(0).file("bert.pooling_type", 4).open()) {
            assertThatThrownBy(() -> Encoders.load(file, compute, 8).close()).isInstanceOf(GgufException.class)
                    .hasMessageContaining("bert.pooling_type is 4");
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
            assertThat(Golden.nmse(vectors[i], expected)).as("text %s", i)
                    .isLessThan(tiny.name().startsWith("bert") ? 1e-6 : 1e-10);
        }
    }
}
