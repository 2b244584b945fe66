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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The default model's greedy choices against llama.cpp's, position by position: the prompt and the expected continuation are
 * one batch, and at each position of the continuation the best logit must be the expected token's. Another choice is accepted
 * only where the reference's own margin between its two best tokens is below the noise that quantized activations put on it;
 * how that was measured stands in the data's provenance.
 */
class DefaultModelGreedyTest {
    private static final Path MODEL = Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    @ParameterizedTest
    @EnumSource(ActivationMode.class)
    void greedy_tenPromptsOf64Tokens_equalsReference(ActivationMode mode) throws IOException {
        JsonNode golden = golden();
        double noise = golden.get("margin_noise").asDouble();
        List<String> wrong = new ArrayList<>();
        int positions = 0;
        int different = 0;
        try (Compute compute = Compute.open(Compute.Options.defaults().withActivationMode(mode));
                GgufFile file = GgufReader.open(MODEL);
                Model model = Models.load(file, compute, new Models.Options(512, 512))) {
            FloatRows logits = new FloatRows(64, model.config().vocabSize());
            for (JsonNode c : golden.get("cases")) {
                int[] expected = Golden.ints(c.get("tokens"));
                int[] actual = choices(model, Golden.ints(c.get("prompt")), expected, logits);
                for (int i = 0; i < expected.length; i++) {
                    positions++;
                    double margin = c.get("margins").get(i).asDouble();
                    if (actual[i] != expected[i]) {
                        different++;
                        if (margin > noise || actual[i] != c.get("second").get(i).asInt()) {
                            wrong.add(c.get("name").asText() + " at " + i + ": " + actual[i] + ", not " + expected[i] + ", margin "
                                    + margin);
                        }
                    }
                }
            }
        }
        assertThat(wrong).as("choices that differ beyond noise %s, of %s positions", noise, positions).isEmpty();
        assertThat(different).as("choices that differ within noise, of %s", positions).isLessThan(positions / 20);
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
