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
import ai.realm.core.kernel.LowRankPanel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** LoRA adapters against the same model with weights merged by hand: every linear map of every architecture. */
class AdapterTest {
    private static final int TOKENS = 4;
    private static final int RANK = 3;
    private static final float ALPHA = 4.5f;
    private static final long MOST = 1 << 30;
    private static Compute compute;

    @BeforeAll
    static void open() {
        compute = Compute.open(new Compute.Options(2, ActivationMode.F32, "simd"));
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
    void forward_adapterOfAllMaps_isAsMergedIntoTheWeights(TinyModel tiny) {
        float[] adapted = logits(tiny.file(), adapter(tiny, 1), 0.7f);

        assertThat(Golden.nmse(adapted, logits(merged(tiny, 1, 0.7f), null, 0))).isLessThan(1e-6);
        assertThat(Golden.nmse(adapted, logits(tiny.file(), null, 0))).isGreaterThan(1e-4);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void forward_adapterIn8Bits_staysNearTheMergedWeights(boolean outliers) throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        GgufBuilder adapter = keys("llama", ALPHA);
        maps(tiny).forEach((name, d) -> {
            float[] a = a(name, d, 1);
            if (outliers) {
                for (int i = 0; i < a.length; i += 32) {
                    a[i] *= 12;
                }
            }
            adapter.tensor(name + ".weight.lora_a", a, d[0], RANK).tensor(name + ".weight.lora_b", b(name, d, 1), RANK, d[1]);
        });
        try (GgufFile file = tiny.file().open(); GgufFile lora = adapter.open(); Model model = load(file)) {
            TransformerModel decoder = (TransformerModel) model;
            Adapter halves = new AdapterReader(lora, decoder.sites(), Set.of(), LowRankPanel.HALVES).read(model, "llama", MOST);
            Adapter bytes = new AdapterReader(lora, decoder.sites(), Set.of(), LowRankPanel.BYTES).read(model, "llama", MOST);

            double error = Golden.nmse(logits(model, new Adapter.Use(bytes, 1)), logits(model, new Adapter.Use(halves, 1)));
            if (outliers) {
                assertThat(error).isZero();
                assertThat(bytes.bytes()).isEqualTo(halves.bytes());
            } else {
                assertThat(error).isBetween(1e-9, 1e-4);
                assertThat(bytes.bytes()).isLessThan(halves.bytes() * 2 / 3);
            }
        }
    }

    @Test
    void forward_sequencesWithDifferentAdapters_doNotMeet() throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        float[][] alone = new float[3][];
        for (int i = 0; i < 3; i++) {
            alone[i] = logits(tiny.file(), i == 0 ? null : adapter(tiny, i), 1);
        }
        try (GgufFile file = tiny.file().open(); Model model = load(file); Arena arena = Arena.ofShared()) {
            Adapter.Use[] uses = {null, use(model, adapter(tiny, 1), 1), use(model, adapter(tiny, 2), 1)};
            ForwardBatch batch = new ForwardBatch(3 * TOKENS);
            for (int s = 0; s < 3; s++) {
                for (int i = 0; i < TOKENS; i++) {
                    batch.add(7 * i + 3, i, s, i == TOKENS - 1, uses[s]);
                }
            }
            FloatRows logits = new FloatRows(3, model.config().vocabSize());
            model.forward(batch, new ContiguousKv(model.kvShape(), 3, TOKENS, KvType.F32, arena), logits);

            int vocabulary = logits.cols();
            for (int s = 0; s < 3; s++) {
                float[] row = Arrays.copyOfRange(logits.data(), logits.offset(s), logits.offset(s) + vocabulary);
                float[] want = Arrays.copyOfRange(alone[s], (TOKENS - 1) * vocabulary, TOKENS * vocabulary);
                assertThat(Golden.nmse(row, want)).isLessThan(1e-10);
            }
        }
    }

    @Test
    void forward_adapterOfScaleZero_changesNothing() throws IOException {
        TinyModel tiny = TinyModel.named("llama");

        assertThat(Golden.nmse(logits(tiny.file(), adapter(tiny, 1), 0), logits(tiny.file(), null, 0))).isLessThan(1e-10);
    }

    @Test
    void forward_adapterOfAnotherModel_isRefused() throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        try (GgufFile file = tiny.file().open();
                Model one = load(file);
                Model other = load(file);
                Arena arena = Arena.ofShared()) {
            ForwardBatch batch = new ForwardBatch(1);
            batch.add(1, 0, 0, true, use(one, adapter(tiny, 1), 1));

            assertThatThrownBy(() -> other.forward(batch, new ContiguousKv(other.kvShape(), 1, 1, KvType.F32, arena),
                    new FloatRows(1, other.config().vocabSize()))).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"f16", "small", "large"})
    void adapter_valuesOfAnySize_areKept(String kind) throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        // Beyond fp16's range on one side, so that only a row's own power of two keeps them.
        float a = kind.equals("small") ? 1e-12f : kind.equals("large") ? 1e9f : 1;
        GgufBuilder adapter = keys("llama", ALPHA).tensor("blk.0.ffn_up.weight.lora_a", filled(128, a), 128, 1)
                .tensor("blk.0.ffn_up.weight.lora_b", filled(dims(tiny, "blk.0.ffn_up.weight")[1], 0.01f / a), 1,
                        dims(tiny, "blk.0.ffn_up.weight")[1]);
        GgufBuilder same = keys("llama", ALPHA).tensor("blk.0.ffn_up.weight.lora_a", filled(128, 0.1f), 128, 1)
                .tensor("blk.0.ffn_up.weight.lora_b", filled(dims(tiny, "blk.0.ffn_up.weight")[1], 0.1f), 1,
                        dims(tiny, "blk.0.ffn_up.weight")[1]);

        assertThat(Golden.nmse(logits(tiny.file(), adapter, 1), logits(tiny.file(), same, 1))).isLessThan(1e-6);
    }

    static List<Arguments> bad() {
        return List.of(
                bad("adapter.type must be lora, not absent", f -> f.string("general.architecture", "llama")
                        .string("general.type", "adapter").tensor("blk.0.attn_q.weight.lora_a", new float[256], 128, 2)),
                bad("architecture qwen2, not llama", f -> keysInto(f, "qwen2", 1)),
                bad("the adapter has no tensors", f -> keysInto(f, "llama", 1)),
                bad("alpha must be a number", f -> keysInto(f, "llama", Float.NaN)),
                bad("comes without blk.0.attn_q.weight.lora_b",
                        f -> keysInto(f, "llama", 1).tensor("blk.0.attn_q.weight.lora_a", new float[256], 128, 2)),
                bad("no linear map blk.9.attn_q.weight", f -> pair(keysInto(f, "llama", 1), "blk.9.attn_q", 128, 2, 128)),
                bad("no linear map token_embd.weight", f -> pair(keysInto(f, "llama", 1), "token_embd", 128, 2, 128)),
                bad("blk.0.attn_norm.weight is none of an adapter",
                        f -> keysInto(f, "llama", 1).tensor("blk.0.attn_norm.weight", new float[128], 128)),
                bad("lora_a must have shape 128 x 2 to fit the model, not",
                        f -> pair(keysInto(f, "llama", 1), "blk.0.attn_q", 64, 2, 128)),
                bad("lora_b must have shape 2 x 128 to fit the model, not",
                        f -> pair(keysInto(f, "llama", 1), "blk.0.attn_q", 128, 2, 96)),
                bad("lora_b must have shape 2 x 128", f -> keysInto(f, "llama", 1)
                        .tensor("blk.0.attn_q.weight.lora_a", new float[256], 128, 2)
                        .tensor("blk.0.attn_q.weight.lora_b", new float[384], 3, 128)),
                bad("rank of 1 to 512, not 513", f -> pair(keysInto(f, "llama", 1), "blk.0.attn_q", 128, 513, 128)),
                bad("has a value that is no number", f -> keysInto(f, "llama", 1)
                        .tensor("blk.0.attn_q.weight.lora_a", filled(256, Float.POSITIVE_INFINITY), 128, 2)
                        .tensor("blk.0.attn_q.weight.lora_b", new float[256], 2, 128)),
                bad("alora", f -> pair(keysInto(f, "llama", 1).u32("adapter.alora.invocation_tokens", 1), "blk.0.attn_q", 128, 2,
                        128)));
    }

    private static Arguments bad(String message, Consumer<GgufBuilder> file) {
        return Arguments.of(message, file);
    }

    @ParameterizedTest
    @MethodSource("bad")
    void adapter_thatDoesNotFit_isRefusedByName(String message, Consumer<GgufBuilder> fill) throws IOException {
        GgufBuilder adapter = new GgufBuilder();
        fill.accept(adapter);
        try (GgufFile file = TinyModel.named("llama").file().open(); Model model = load(file); GgufFile bad = adapter.open()) {
            assertThatThrownBy(() -> model.adapter(bad, MOST)).isInstanceOf(GgufException.class).hasMessageContaining(message);
        }
    }

    @Test
    void adapter_ofMoreBytesThanAllowed_isRefusedBeforeItIsRead() throws IOException {
        TinyModel tiny = TinyModel.named("llama");
        try (GgufFile file = tiny.file().open(); Model model = load(file); GgufFile adapter = adapter(tiny, 1).open()) {
            long bytes = model.adapterBytes(adapter);

            assertThatThrownBy(() -> model.adapter(adapter, bytes - 1)).hasMessageContaining("may take " + (bytes - 1));
        }
    }

    private static GgufBuilder keys(String architecture, float alpha) {
        return keysInto(new GgufBuilder(), architecture, alpha);
    }

    private static GgufBuilder keysInto(GgufBuilder out, String architecture, float alpha) {
        return out.string("general.type", "adapter").string("adapter.type", "lora").string("general.architecture", architecture)
                .f32("adapter.lora.alpha", alpha);
    }

    private static GgufBuilder pair(GgufBuilder out, String name, int in, int rank, int outs) {
        return out.tensor(name + ".weight.lora_a", new float[in * rank], in, rank)
                .tensor(name + ".weight.lora_b", new float[rank * outs], rank, outs);
    }

    private static float[] filled(long n, float value) {
        float[] out = new float[(int) n];
        for (int i = 0; i < out.length; i++) {
            out[i] = i % 3 == 0 ? -value : value;
        }
        return out;
    }

    private static long[] dims(TinyModel tiny, String tensor) {
        return maps(tiny).get(tensor.replace(".weight", ""));
    }

    private static Map<String, long[]> maps(TinyModel tiny) {
        Map<String, long[]> out = new LinkedHashMap<>();
        tiny.forEachTensor((tensor, dims) -> {
            boolean other = tensor
                    .matches("(token_embd|position_embd|per_layer_token_embd|.*conv1d|.*shortconv\\.conv|.*norm(_2)?)\\.weight");
            boolean matrix = dims.length > 1 || tensor.endsWith("ffn_gate_inp_shexp.weight");
            if (tensor.endsWith(".weight") && matrix && !other) {
                out.put(tensor.substring(0, tensor.length() - 7),
                        new long[]{dims[0], dims.length > 1 ? dims[1] : 1, dims.length > 2 ? dims[2] : 1});
            }
        });
        return out;
    }

    /** An adapter of all maps, its numbers made by {@code seed}. */
    private static GgufBuilder adapter(TinyModel tiny, int seed) {
        String architecture = tiny.data().get("keys").valueStream().filter(k -> k.get(0).asText().equals("general.architecture"))
                .findFirst().orElseThrow().get(2).asText();
        GgufBuilder out = keys(architecture, ALPHA);
        maps(tiny).forEach((name, d) -> {
            long[] a = d[2] == 1 ? new long[]{d[0], RANK} : new long[]{d[0], RANK, d[2]};
            long[] b = d[2] == 1 ? new long[]{RANK, d[1]} : new long[]{RANK, d[1], d[2]};
            out.tensor(name + ".weight.lora_a", a(name, d, seed), a).tensor(name + ".weight.lora_b", b(name, d, seed), b);
        });
        return out;
    }

    private static float[] a(String name, long[] d, int seed) {
        return TinyModel.weights(name + "a" + seed, new long[]{d[0], RANK * d[2]});
    }

    private static float[] b(String name, long[] d, int seed) {
        float[] b = TinyModel.weights(name + "b" + seed, new long[]{RANK, d[1] * d[2]});
        for (int i = 0; i < b.length; i++) {
            b[i] *= 0.1f;
        }
        return b;
    }

    /** The model with the adapter's products added to its weights. */
    private static GgufBuilder merged(TinyModel tiny, int seed, float scale) {
        GgufBuilder out = tiny.keys("");
        Map<String, long[]> maps = maps(tiny);
        tiny.forEachTensor((name, dims) -> {
            float[] w = TinyModel.weights(name, dims);
            String map = name.replaceAll("\\.weight$", "");
            long[] d = maps.get(map);
            if (d != null && name.endsWith(".weight")) {
                float[] a = a(map, d, seed);
                float[] b = b(map, d, seed);
                int in = (int) d[0];
                for (int i = 0; i < w.length; i++) {
                    int row = i / in;
                    int slice = row / (int) d[1];
                    double sum = 0;
                    for (int r = 0; r < RANK; r++) {
                        sum += (double) b[row * RANK + r] * a[(slice * RANK + r) * in + i % in];
                    }
                    w[i] += (float) (scale * ALPHA / RANK * sum);
                }
            }
            out.tensor(name, w, dims);
        });
        return out;
    }

    private static Model load(GgufFile file) {
        return Models.load(file, compute, new Models.Options(3 * TOKENS, 512));
    }

    private static Adapter.Use use(Model model, GgufBuilder adapter, float scale) {
        try (GgufFile file = adapter.open()) {
            return new Adapter.Use(model.adapter(file, MOST), scale);
        }
    }

    private static float[] logits(GgufBuilder builder, GgufBuilder adapter, float scale) {
        try (GgufFile file = builder.open(); Model model = load(file)) {
            Adapter.Use use = adapter == null ? null : use(model, adapter, scale);
            return logits(model, use);
        }
    }

    private static float[] logits(Model model, Adapter.Use use) {
        try (Arena arena = Arena.ofShared()) {
            ForwardBatch batch = new ForwardBatch(TOKENS);
            for (int i = 0; i < TOKENS; i++) {
                batch.add(7 * i + 3, i, 0, true, use);
            }
            FloatRows logits = new FloatRows(TOKENS, model.config().vocabSize());
            model.forward(batch, new ContiguousKv(model.kvShape(), 1, TOKENS, KvType.F32, arena), logits);
            return logits.data();
        }
    }
}
