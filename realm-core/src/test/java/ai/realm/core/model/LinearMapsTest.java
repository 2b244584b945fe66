package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a file says about a linear map besides its matrix, a scale and a bias, counts: for every map of every architecture. */
class LinearMapsTest {
    private static final int TOKENS = 4;
    private static final Map<String, float[]> WEIGHTS = new HashMap<>();
    private static Compute compute;

    /** A linear map of a model: how many outputs, and how many of them there are (experts, heads). */
    private record LinearMap(String name, int outputs, int count) {}

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
    void forward_scalesOfAllMaps_areAsMergedIntoTheWeights(TinyModel tiny) {
        Map<String, float[]> scales = new LinkedHashMap<>();
        GgufBuilder apart = copy(tiny, Map.of());
        for (LinearMap map : maps(tiny)) {
            float[] scale = weights(map.name + ".scale", new long[]{map.count});
            for (int i = 0; i < scale.length; i++) {
                scale[i] = 1.5f + 0.5f * scale[i];
            }
            scales.put(map.name, scale);
            apart.tensor(map.name + ".scale", scale, map.count);
        }

        float[] logits = logits(apart);

        // Of more than twenty layers rounding adds up.
        assertThat(Golden.nmse(logits, logits(copy(tiny, scales)))).isLessThan(1e-8);
        assertThat(Golden.nmse(logits, logits(copy(tiny, Map.of())))).isGreaterThan(1e-6);
    }

    @ParameterizedTest
    @MethodSource("models")
    void forward_biasOfEachMap_movesTheLogits(TinyModel tiny) {
        float[] without = logits(copy(tiny, Map.of()));
        for (LinearMap map : maps(tiny)) {
            long[] dims = map.count == 1 ? new long[]{map.outputs} : new long[]{map.outputs, map.count};
            float[] bias = weights(map.name + ".more", dims);
            boolean given = tensors(tiny).containsKey(map.name + ".bias");
            GgufBuilder file = given ? changed(tiny, map.name + ".bias", bias) : copy(tiny, Map.of());
            GgufBuilder biased = given ? file : file.tensor(map.name + ".bias", bias, dims);
            if (map.name.endsWith("attn_kv_b")) {
                // Taken apart and transposed when it is read: no file has a bias here.
                assertThatThrownBy(() -> logits(biased)).isInstanceOf(GgufException.class)
                        .hasMessageContaining(map.name + ".bias");
            } else {
                // Where keys have neither positions nor a norm, a bias shifts all scores of a query alike.
                double least = map.name.endsWith("attn_k") ? 0 : 1e-7;
                assertThat(Golden.nmse(logits(biased), without)).as(map.name).isGreaterThanOrEqualTo(least);
            }
        }
    }

    @Test
    void forward_biasesOfAFusedTensor_areThoseOfItsParts() throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        float[] all = weights("more", new long[]{256});
        GgufBuilder fused = tiny.keys("");
        GgufBuilder parts = tiny.keys("");
        tiny.forEachTensor((name, dims) -> {
            float[] values = weights(name, dims);
            parts.tensor(name, values, dims);
            if (!name.startsWith("blk.0.attn_") || name.contains("output") || name.contains("norm")) {
                fused.tensor(name, values, dims);
            }
        });
        int[] outs = new int[3];
        float[][] weights = new float[3][];
        String[] names = {"blk.0.attn_q", "blk.0.attn_k", "blk.0.attn_v"};
        int at = 0;
        for (int i = 0; i < 3; i++) {
            long[] dims = tensors(tiny).get(names[i] + ".weight");
            weights[i] = weights(names[i] + ".weight", dims);
            outs[i] = (int) dims[1];
            parts.tensor(names[i] + ".bias", Arrays.copyOfRange(all, at, at + outs[i]), outs[i]);
            parts.tensor(names[i] + ".scale", new float[]{0.75f}, 1);
            at += outs[i];
        }
        float[] joined = new float[Arrays.stream(weights).mapToInt(w -> w.length).sum()];
        int to = 0;
        for (float[] w : weights) {
            System.arraycopy(w, 0, joined, to, w.length);
            to += w.length;
        }
        fused.tensor("blk.0.attn_qkv.weight", joined, joined.length / at, at)
                .tensor("blk.0.attn_qkv.bias", Arrays.copyOf(all, at), at)
                .tensor("blk.0.attn_qkv.scale", new float[]{0.75f}, 1);

        assertThat(Golden.nmse(logits(fused), logits(parts))).isLessThan(1e-12);
    }

    @Test
    void load_tensorWithoutAPlace_isRefusedByName() throws IOException {
        GgufBuilder file = TinyModel.named("llama").file().tensor("blk.1.attn_norm_2.weight", new float[128], 128);

        assertThatThrownBy(() -> logits(file)).isInstanceOf(GgufException.class)
                .hasMessageContaining("tensor blk.1.attn_norm_2.weight has no place in a model of architecture llama");
    }

    @Test
    void load_scaleOfActivations_isLeftUnread() throws IOException {
        TinyModel tiny = TinyModel.named("llama");

        float[] logits = logits(tiny.file().tensor("blk.1.ffn_up.input_scale", new float[]{3}, 1));

        assertThat(logits).isEqualTo(logits(copy(tiny, Map.of())));
    }

    /** Made once: the same for every model that has a tensor of this name and these extents. */
    private static float[] weights(String name, long[] dims) {
        return WEIGHTS.computeIfAbsent(name + Arrays.toString(dims), key -> TinyModel.weights(name, dims)).clone();
    }

    private static Map<String, long[]> tensors(TinyModel tiny) {
        Map<String, long[]> out = new LinkedHashMap<>();
        tiny.forEachTensor(out::put);
        return out;
    }

    private static List<LinearMap> maps(TinyModel tiny) {
        List<LinearMap> out = new ArrayList<>();
        tensors(tiny).forEach((tensor, dims) -> {
            boolean other = tensor
                    .matches("((per_layer_)?token_embd|position_embd|.*conv1d|.*shortconv\\.conv|.*norm(_2)?)\\.weight");
            // Gemma 3n's layers after the twentieth use the keys and values of earlier ones, though files have these.
            boolean unused = tiny.toString().equals("gemma3n") && tensor.matches("blk\\.2\\d\\.attn_[kv]\\.weight");
            boolean scaleOfInputs = tensors(tiny).containsKey(tensor.replaceAll("weight$", "scale"));
            boolean matrix = dims.length > 1 || tensor.endsWith("ffn_gate_inp_shexp.weight");
            if (tensor.endsWith(".weight") && matrix && !other && !unused && !scaleOfInputs) {
                out.add(new LinearMap(tensor.substring(0, tensor.length() - 7), dims.length > 1 ? (int) dims[1] : 1,
                        dims.length > 2 ? (int) dims[2] : 1));
            }
        });
        if (!tensors(tiny).containsKey("output.weight")) {
            out.add(new LinearMap("output", (int) tensors(tiny).get("token_embd.weight")[1], 1));
        }
        return out;
    }

    /** The file with the weights of the maps multiplied by these; those of the output even where they are the embedding's. */
    private static GgufBuilder copy(TinyModel tiny, Map<String, float[]> scales) {
        GgufBuilder out = tiny.keys("");
        Map<String, long[]> all = tensors(tiny);
        all.forEach((name, dims) -> out.tensor(name,
                scaled(weights(name, dims), scales.get(name.replaceAll("\\.weight$", ""))), dims));
        if (scales.containsKey("output") && !all.containsKey("output.weight")) {
            long[] dims = all.get("token_embd.weight");
            out.tensor("output.weight", scaled(weights("token_embd.weight", dims), scales.get("output")), dims);
        }
        return out;
    }

    private static float[] scaled(float[] values, float[] scale) {
        if (scale != null) {
            for (int i = 0; i < values.length; i++) {
                values[i] *= scale[(int) ((long) i * scale.length / values.length)];
            }
        }
        return values;
    }

    private static GgufBuilder changed(TinyModel tiny, String tensor, float[] values) {
        GgufBuilder out = tiny.keys("");
        tiny.forEachTensor((name, dims) -> out.tensor(name, name.equals(tensor) ? values : weights(name, dims), dims));
        return out;
    }

    private static float[] logits(GgufBuilder builder) {
        try (GgufFile file = builder.open();
                Arena arena = Arena.ofShared();
                Model model = Models.load(file, compute, new Models.Options(TOKENS, 512))) {
            ForwardBatch batch = new ForwardBatch(TOKENS);
            for (int i = 0; i < TOKENS; i++) {
                batch.add(7 * i + 3, i, 0, true);
            }
            FloatRows logits = new FloatRows(TOKENS, model.config().vocabSize());
            model.forward(batch, new ContiguousKv(model.kvShape(), 1, TOKENS, KvType.F32, arena), logits);
            return logits.data();
        }
    }
}
