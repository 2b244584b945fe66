package ai.realm.server.cli.verify;

import ai.realm.core.sampling.Candidates;
import ai.realm.core.sampling.MirostatStage;
import ai.realm.core.sampling.SamplerStage;
import ai.realm.core.sampling.SamplerStages;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Sampler chains: which tokens survive, with what probability, and which is chosen. */
final class SamplingKind implements Kind {
    private static final double PROBABILITY_LIMIT = 1e-5;
    private static final double MU_LIMIT = 1e-4;
    private static final String METRIC = "max_probability_error";

    @Override
    public String name() {
        return "sampling";
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        for (Path file : CaseData.files(folder, ".json")) {
            JsonNode cases = CaseData.read(file).path("cases");
            for (int i = 0; i < cases.size(); i++) {
                String name = CaseData.stem(file, ".json") + "/" + i + " " + cases.get(i).path("name").asText();
                try {
                    out.accept(verify(name, cases.get(i)));
                } catch (RuntimeException e) {
                    out.accept(Verdict.failed(name(), name, METRIC, CaseData.message(e)));
                }
            }
        }
    }

    private Verdict verify(String name, JsonNode data) {
        float[] logits = logits(CaseData.need(data, "logits"));
        List<SamplerStage> stages = new ArrayList<>();
        for (JsonNode stage : CaseData.need(data, "chain")) {
            Map<String, Object> parameters = CaseData.JSON.convertValue(stage, new TypeReference<>() {
            });
            stages.add(SamplerStages.create(CaseData.need(stage, "sampler").asText(), parameters, logits.length));
        }
        for (JsonNode token : data.path("history")) {
            stages.forEach(s -> s.accept(token.asInt()));
        }
        Candidates candidates = new Candidates();
        candidates.load(logits, 0, logits.length);
        stages.forEach(s -> s.apply(candidates));
        candidates.softmax();

        Verdict verdict = Verdict.within(name(), name, METRIC, probabilityError(candidates, data), PROBABILITY_LIMIT);
        String wrong = survivors(candidates, data);
        if (wrong == null) {
            wrong = choice(candidates, stages, data);
        }
        return wrong == null ? verdict : verdict.butFailed(wrong);
    }

    private static float[] logits(JsonNode array) {
        float[] out = new float[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) number(array.get(i));
        }
        return out;
    }

    /** Numbers, and the words that JSON has no number for. */
    private static double number(JsonNode node) {
        return node.isTextual() ? Double.parseDouble(node.asText()) : node.asDouble();
    }

    private static double probabilityError(Candidates c, JsonNode data) {
        double[] want = CaseData.doubles(CaseData.need(data, "probs"));
        double[] got = new double[want.length];
        for (int i = 0; i < c.size(); i++) {
            got[c.id(i)] = c.prob(i);
        }
        if (data.path("ties").asBoolean()) {
            Arrays.sort(want);
            Arrays.sort(got);
        }
        double worst = 0;
        for (int i = 0; i < want.length; i++) {
            double error = Math.abs(got[i] - want[i]);
            worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
        }
        return worst;
    }

    private static @Nullable String survivors(Candidates c, JsonNode data) {
        int want = CaseData.need(data, "n_survivors").asInt();
        if (c.size() != want) {
            return c.size() + " tokens survive, not " + want;
        }
        if (data.path("ties").asBoolean()) {
            return null;
        }
        JsonNode after = CaseData.need(data, "logits_after");
        for (int i = 0; i < c.size(); i++) {
            if (after.path(c.id(i)).isNull()) {
                return "token " + c.id(i) + " survives and should not";
            }
        }
        return null;
    }

    private static @Nullable String choice(Candidates c, List<SamplerStage> stages, JsonNode data) {
        if (!data.has("selected")) {
            return null;
        }
        int want = data.get("selected").asInt();
        if (stages.getLast() instanceof MirostatStage mirostat) {
            for (int i = 0; i < c.size(); i++) {
                if (c.id(i) == want) {
                    return muError(mirostat.muIfChosen(c, i), data);
                }
            }
            return "the token drawn, " + want + ", does not survive";
        }
        int got = c.selected() < 0 ? -1 : c.id(c.selected());
        return got == want ? null : "token " + got + " is chosen, not " + want;
    }

    private static @Nullable String muError(float got, JsonNode data) {
        double want = CaseData.need(data, "mu_after").asDouble();
        return Math.abs(got - want) <= MU_LIMIT ? null : "mu becomes " + got + ", not " + want;
    }
}
