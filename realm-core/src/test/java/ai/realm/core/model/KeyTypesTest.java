package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufType;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.tokenizer.Tokenizers;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A key whose value has another type than it is to have is refused by name, whether or not the architecture reads it. */
class KeyTypesTest {
    private static final Map<String, GgufType> TYPES = Map.of("u32", GgufType.UINT32, "f32", GgufType.FLOAT32, "bool",
            GgufType.BOOL, "string", GgufType.STRING);
    private static Compute compute;

    @BeforeAll
    static void open() {
        compute = Compute.open(new Compute.Options(1, ActivationMode.F32, "scalar"));
    }

    @AfterAll
    static void close() {
        compute.close();
    }

    static List<TinyModel> models() throws IOException {
        return TinyModel.all();
    }

    @ParameterizedTest
    @MethodSource("models")
    void load_anyKeyOfAnotherType_isRefusedByName(TinyModel tiny) {
        for (JsonNode given : tiny.data().get("keys")) {
            String key = given.get(0).asText();
            GgufType right = TYPES.get(given.get(1).asText());
            for (GgufType wrong : GgufType.values()) {
                if (right != null && wrong != right && !key.equals("tokenizer.ggml.model")) {
                    assertRefused(with(tiny, key, wrong, false), key);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"general.name", "general.file_type", "general.quantization_version"})
    void load_generalKeyOfAnotherType_isRefusedByName(String key) throws IOException {
        assertRefused(with(TinyModel.named("llama"), key, GgufType.FLOAT64, false), key);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama.attention.clamp_kqv", "llama.rope.scaling.finetuned", "llama.pooling_type",
            "llama.ssm.state_size", "llama.rope.scaling.type", "llama.expert_weights_norm"})
    void load_keyThatTheArchitectureDoesNotRead_isCheckedToo(String key) throws IOException {
        assertRefused(with(TinyModel.named("llama"), key, GgufType.INT8, false), key);
    }

    @Test
    void load_arrayOfAnotherTypeForLayers_isRefusedByName() throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        for (GgufType type : GgufType.values()) {
            if (type != GgufType.ARRAY && type != GgufType.UINT32 && type != GgufType.INT32 && type != GgufType.BOOL) {
                assertRefused(with(tiny, "llama.feed_forward_length", type, true), "llama.feed_forward_length");
            }
        }
        assertRefused(tiny.without("llama.feed_forward_length").i32s("llama.feed_forward_length", 192, 192, 192),
                "must have a value for each of 2 layers, not 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bos_token_id", "eos_token_id", "unknown_token_id", "add_bos_token", "add_space_prefix", "scores",
            "token_type", "tokens", "model"})
    void fromGguf_vocabularyKeyOfAnotherType_isRefusedByName(String key) {
        GgufBuilder file = new GgufBuilder();
        if (!key.equals("model")) {
            file.string("tokenizer.ggml.model", "llama");
        }
        if (!key.equals("tokens")) {
            file.strings("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "</s>", "a"));
        }
        file.raw("tokenizer.ggml." + key, GgufType.FLOAT64.ordinal(), payload(GgufType.FLOAT64));
        try (GgufFile gguf = file.open()) {
            assertThatThrownBy(() -> Tokenizers.fromGguf(gguf)).isInstanceOf(GgufException.class)
                    .hasMessageContaining("tokenizer.ggml." + key);
        }
    }

    @Test
    void fromGguf_withoutTheTokenizersKind_isRefused() {
        try (GgufFile gguf = new GgufBuilder().strings("tokenizer.ggml.tokens", List.of("a")).open()) {
            assertThatThrownBy(() -> Tokenizers.fromGguf(gguf)).isInstanceOf(GgufException.class)
                    .hasMessageContaining("key tokenizer.ggml.model is missing");
        }
    }

    private static GgufBuilder with(TinyModel tiny, String key, GgufType type, boolean array) {
        GgufBuilder out = tiny.keys(key);
        if (!array) {
            return out.raw(key, type.ordinal(), payload(type));
        }
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        list.writeBytes(GgufBuilder.arrayHead(type.ordinal(), 2));
        list.writeBytes(payload(type));
        list.writeBytes(payload(type));
        return out.raw(key, GgufType.ARRAY.ordinal(), list.toByteArray());
    }

    /** The value 1 in a type's form; of an array, one that holds a string. */
    private static byte[] payload(GgufType type) {
        ByteBuffer out = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        switch (type) {
            case UINT8, INT8, BOOL -> out.put((byte) 1);
            case UINT16, INT16 -> out.putShort((short) 1);
            case UINT32, INT32 -> out.putInt(1);
            case FLOAT32 -> out.putFloat(1);
            case UINT64, INT64 -> out.putLong(1);
            case FLOAT64 -> out.putDouble(1);
            case STRING -> out.putLong(1).put((byte) '1');
            case ARRAY -> out.putInt(GgufType.STRING.ordinal()).putLong(1).putLong(1).put((byte) '1');
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void assertRefused(GgufBuilder builder, String message) {
        try (GgufFile file = builder.tensor("any", new float[]{0}, 1).open()) {
            assertThatThrownBy(() -> Models.load(file, compute, new Models.Options(8, 0)).close())
                    .isInstanceOf(GgufException.class).hasMessageContaining(message);
        }
    }
}
