package ai.realm.core.model;

import ai.realm.core.gguf.GgufBuilder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * A tiny model of one architecture with weights made by a formula, and what the reference computes with it; see
 * {@code tiny-models.md} beside the data.
 */
record TinyModel(JsonNode data) {
    static List<TinyModel> all() throws IOException {
        return read("tiny-models.jsonl");
    }

    static List<TinyModel> read(String resource) throws IOException {
        List<TinyModel> out = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(TinyModel.class.getResourceAsStream(resource)), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.add(new TinyModel(new ObjectMapper().readTree(line)));
            }
        }
        return out;
    }

    static TinyModel named(String name) throws IOException {
        return all().stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
    }

    String name() {
        return data.get("name").asText();
    }

    int[] tokens() {
        return Golden.ints(data.get("tokens"));
    }

    /** Positions whose logits are given. */
    int[] positions() {
        return Golden.ints(data.get("positions"));
    }

    int[] greedy() {
        return Golden.ints(data.get("greedy"));
    }

    float[] logits() {
        return decoded(data.get("logits").asText());
    }

    static float[] decoded(String base64) {
        byte[] bytes = Base64.getDecoder().decode(base64);
        float[] out = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(out);
        return out;
    }

    GgufBuilder file() {
        return file("", 0);
    }

    /** The file with one key's integer value replaced. */
    GgufBuilder file(String replacedKey, long value) {
        GgufBuilder out = without(replacedKey);
        for (JsonNode key : data.get("keys")) {
            if (key.get(0).asText().equals(replacedKey) && key.get(1).asText().equals("f32")) {
                return out.f32(replacedKey, value);
            }
        }
        return replacedKey.isEmpty()
                ? out
                : value >= 0 && value < 1L << 32 ? out.u32(replacedKey, value) : out.u64(replacedKey, value);
    }

    /** The file without a key. */
    GgufBuilder without(String omitted) {
        GgufBuilder out = keys(omitted);
        forEachTensor((name, dims) -> out.tensor(name, weights(name, dims), dims));
        return out;
    }

    /** The metadata alone, without one key. */
    GgufBuilder keys(String omitted) {
        return keys(omitted, name -> name);
    }

    /** The same with names, and the architecture's too, changed. */
    GgufBuilder keys(String omitted, UnaryOperator<String> renamed) {
        GgufBuilder out = new GgufBuilder();
        for (JsonNode key : data.get("keys")) {
            String name = key.get(0).asText();
            if (!name.equals(omitted)) {
                boolean architecture = name.equals("general.architecture");
                addKey(out, renamed.apply(name), key.get(1).asText(),
                        architecture ? new TextNode(renamed.apply(key.get(2).asText())) : key.get(2));
            }
        }
        return out;
    }

    /** Every tensor's name and extents in the file's order. */
    void forEachTensor(BiConsumer<String, long[]> each) {
        for (JsonNode tensor : data.get("tensors")) {
            long[] dims = new long[tensor.size() - 1];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = tensor.get(i + 1).asLong();
            }
            each.accept(tensor.get(0).asText(), dims);
        }
    }

    private static void addKey(GgufBuilder out, String name, String type, JsonNode value) {
        switch (type) {
            case "u32" -> out.u32(name, value.asLong());
            case "i32" -> out.i32(name, value.asInt());
            case "f32" -> out.f32(name, (float) value.asDouble());
            case "bool" -> out.bool(name, value.asBoolean());
            case "string" -> out.string(name, value.asText());
            case "f32s" -> out.f32s(name, Golden.floats(value));
            case "i32s" -> out.i32s(name, Golden.ints(value));
            case "strings" -> out.strings(name, strings(value));
            case "bools" -> out.bools(name, booleans(value));
            default -> throw new IllegalArgumentException(type);
        }
    }

    private static List<String> strings(JsonNode array) {
        List<String> out = new ArrayList<>();
        array.forEach(text -> out.add(text.asText()));
        return out;
    }

    private static boolean[] booleans(JsonNode array) {
        boolean[] out = new boolean[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asBoolean();
        }
        return out;
    }

    /** SplitMix64 from the hash of the tensor's name, brought to a range by the tensor's kind. */
    static float[] weights(String name, long[] dims) {
        long n = 1;
        for (long d : dims) {
            n *= d;
        }
        long state = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            state = (state ^ b) * 0x100000001b3L;
        }
        state += 0x9E3779B97F4A7C15L;
        float[] out = new float[(int) n];
        for (int i = 0; i < n; i++) {
            state += 0x9E3779B97F4A7C15L;
            long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            out[i] = (float) scaled(name, dims, (z >>> 11) * 0x1p-53 * 2 - 1);
        }
        return out;
    }

    private static double scaled(String name, long[] dims, double u) {
        if (name.contains("rope_")) {
            return 1.5 + 0.5 * u;
        } else if (name.endsWith("ssm_a")) {
            return -0.5 + 0.4 * u;
        } else if (name.endsWith("scale") || name.endsWith("scale.weight")) {
            return 0.75 + 0.25 * u;
        } else if (name.endsWith("norm.weight") || name.endsWith("norm_2.weight")) {
            return 1 + 0.2 * u;
        } else if (name.endsWith(".bias")) {
            return 0.1 * u;
        }
        return dims.length == 1 ? u : u * Math.sqrt(3.0 / dims[0]);
    }

    @Override
    public String toString() {
        return name();
    }
}
