package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.KvType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The default model's greedy choices against llama.cpp's at every position of ten and more continuations: the prompt and the
 * expected tokens are one batch. How the expected values and the noise were measured stands in the data's provenance.
 */
class DefaultModelGreedyTest {
    private static final Path MODEL = Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
    /** Two sums of float products in different orders differ by less; the closest pair in the data is 0.002 apart. */
    private static final double EXACT_NOISE = 1e-3;

    /** Without quantized activations there is no noise worth the name: every choice is the reference's. */
    @Test
    void greedy_exactActivations_equalsExactReference() throws IOException {
        List<String> wrong = compare(ActivationMode.F32, (c, i, chosen) -> chosen == c.get("exact").get(i).asInt()
                || c.get("exact_gap").get(i).asDouble() < EXACT_NOISE);

        assertThat(wrong).isEmpty();
    }

    /** Another choice than the reference's is right only where the reference has both within the noise of quantization. */
    @Test
    void greedy_quantizedActivations_equalsReferenceButForNoise() throws IOException {
        double noise = golden().get("margin_noise").asDouble();
        int[] different = new int[1];
        List<String> wrong = compare(ActivationMode.INT8, (c, i, chosen) -> {
            boolean same = chosen == c.get("tokens").get(i).asInt();
            different[0] += same ? 0 : 1;
            return same || gap(c, i, chosen) < noise;
        });

        assertThat(wrong).as("choices that differ beyond noise %s", noise).isEmpty();
        assertThat(different[0]).as("choices that differ at all, of 707").isLessThan(36);
    }

    /** How far below its best the reference had a token. */
    private static double gap(JsonNode c, int position, int token) {
        for (JsonNode other : c.get("others").get(position)) {
            if (other.get(0).asInt() == token) {
                return other.get(1).asDouble();
            }
        }
        return Double.POSITIVE_INFINITY;
    }

    @FunctionalInterface
    private interface Rule {
        boolean accepts(JsonNode c, int position, int chosen);
    }

    private static List<String> compare(ActivationMode mode, Rule rule) throws IOException {
        List<String> wrong = new ArrayList<>();
        try (Compute compute = Compute.open(Compute.Options.defaults().withActivationMode(mode));
                GgufFile file = GgufReader.open(MODEL);
                Model model = Models.load(file, compute, new Models.Options(512, 512))) {
            FloatRows logits = new FloatRows(64, model.config().vocabSize());
            for (JsonNode c : golden().get("cases")) {
                int[] expected = Golden.ints(c.get("tokens"));
                int[] chosen = choices(model, Golden.ints(c.get("prompt")), expected, logits);
                for (int i = 0; i < expected.length; i++) {
                    if (!rule.accepts(c, i, chosen[i])) {
                        wrong.add(c.get("name").asText() + " at " + i + ": " + chosen[i] + ", not " + expected[i]);
                    }
                }
            }
        }
        return wrong;
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = DefaultModelGreedyTest.class.getResourceAsStream("smollm2-greedy.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(in));
        }
    }

    /** The best token after the prompt and after each expected token but the last. */
    private static int[] choices(Model model, int[] prompt, int[] expected, FloatRows logits) {
        ForwardBatch batch = new ForwardBatch(model.maxBatch());
        for (int i = 0; i < prompt.length + expected.length - 1; i++) {
            batch.add(i < prompt.length ? prompt[i] : expected[i - prompt.length], i, 0, i >= prompt.length - 1);
        }
        try (Arena arena = Arena.ofShared()) {
            model.forward(batch, new ContiguousKv(model.kvShape(), 1, batch.count(), KvType.F32, arena), logits);
        }
        int[] out = new int[expected.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = Golden.argmax(logits, i);
        }
        return out;
    }
}
