package ai.realm.server.cli.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/** Tiny models with logits and a greedy continuation: one case for each JSON file, its model beside it. */
final class ModelsKind implements Kind {
    private static final double TRUSTED_MARGIN = 1e-3;

    private final String name;
    private final boolean quantized;

    private ModelsKind(String name, boolean quantized) {
        this.name = name;
        this.quantized = quantized;
    }

    /** Architectures, in F32. */
    static ModelsKind archs() {
        return new ModelsKind("archs", false);
    }

    /** Position scalings, in F32. */
    static ModelsKind rope() {
        return new ModelsKind("rope", false);
    }

    /** One model in many quantizations: its continuation counts only where it is clear, and where activations are exact. */
    static ModelsKind quantized() {
        return new ModelsKind("quantmodels", true);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        for (Path file : CaseData.files(folder, ".json")) {
            String label = CaseData.stem(file, ".json");
            try {
                out.accept(verify(folder, label, CaseData.read(file), kernels));
            } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
                out.accept(Verdict.failed(name, label, "nmse", CaseData.message(e)));
            }
        }
    }

    private Verdict verify(Path folder, String label, JsonNode data, CaseKernels kernels) throws IOException {
        String file = data.path("file").asText(label + ".gguf");
        if (!folder.resolve(file).normalize().startsWith(folder.normalize())) {
            throw new IllegalArgumentException("the model must lie in the case's folder, not at " + file);
        }
        int[] tokens = CaseData.ints(CaseData.need(data, "tokens"));
        int[] greedy = data.has("greedy") ? CaseData.ints(data.get("greedy")) : new int[0];
        float[] want = CaseData.floats(CaseData.need(CaseData.need(data, "logits"), "data"));
        try (ModelRun run = ModelRun.open(folder.resolve(file), kernels, tokens.length + greedy.length,
                data.path("n_ctx").asInt(0))) {
            float[] got = run.logits(tokens, positions(data, tokens.length));
            double limit = quantized ? kernels.quantizedTolerance() : kernels.exactTolerance();
            Verdict verdict = Verdict.within(name, label, "nmse", nmse(got, want), limit);
            int trusted = trusted(data, greedy.length, kernels);
            if (trusted > 0) {
                int[] prompt = Arrays.copyOf(tokens, data.path("greedy_prompt_len").asInt(tokens.length));
                int[] chosen = run.greedy(prompt, trusted);
                Difference d = Difference.ofIds(chosen, Arrays.copyOf(greedy, trusted));
                return d == null ? verdict : verdict.butFailed("greedy " + d.what());
            }
            return verdict;
        }
    }

    private static int[] positions(JsonNode data, int tokens) {
        if (data.has("positions")) {
            return CaseData.ints(data.get("positions"));
        }
        int[] all = new int[tokens];
        Arrays.setAll(all, i -> i);
        return all;
    }

    /** How many greedy tokens are to be compared: up to the first that rounding could change. */
    private int trusted(JsonNode data, int greedy, CaseKernels kernels) {
        if (!quantized) {
            return greedy;
        }
        if (kernels.quantizesActivations()) {
            return 0;
        }
        JsonNode margins = data.path("greedy_margins");
        int n = 0;
        while (n < greedy && margins.path(n).asDouble(0) > TRUSTED_MARGIN) {
            n++;
        }
        return n;
    }

    /** Sum of squared errors by sum of squares of what is wanted, in double. */
    static double nmse(float[] got, float[] want) {
        if (got.length != want.length) {
            throw new IllegalArgumentException("there are " + got.length + " logits, not " + want.length);
        }
        double error = 0;
        double power = 0;
        for (int i = 0; i < want.length; i++) {
            double d = (double) got[i] - want[i];
            error += d * d;
            power += (double) want[i] * want[i];
        }
        return error / power;
    }
}
