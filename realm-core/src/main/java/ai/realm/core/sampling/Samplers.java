package ai.realm.core.sampling;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.sampling.grammar.GrammarConstraint;
import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds the sampler that parameters ask for, its stages in llama.cpp's default order. */
public final class Samplers {
    private Samplers() {
    }

    /**
     * @param promptTokens seen by the penalties
     * @param vocab needed for a grammar or a JSON schema only
     * @throws RealmException INVALID_REQUEST for a grammar or schema that cannot be used, or a bias for a token that is not there
     */
    public static Sampler create(SamplingParams params, int vocabSize, int[] promptTokens, @Nullable Vocab vocab) {
        return create(params, vocabSize, promptTokens, vocab, grammar(params, vocab));
    }

    /** @param grammar what {@link #grammar} made of these parameters, which several samplers may share */
    public static Sampler create(SamplingParams params, int vocabSize, int[] promptTokens, @Nullable Vocab vocab,
            @Nullable Grammar grammar) {
        Long asked = params.seed();
        long seed = asked != null ? asked : new SplittableRandom().nextLong();
        List<SamplerStage> stages = new ArrayList<>();
        addAdjustments(params, vocabSize, stages);
        if (params.isGreedy()) {
            stages.add(new GreedyStage());
        } else {
            addTruncations(params, stages);
            stages.add(new DrawStage(seed));
        }
        for (int token : promptTokens) {
            for (SamplerStage stage : stages) {
                stage.accept(token);
            }
        }
        ReasoningBudget budget = params.reasoningBudget();
        if (budget != null && vocab != null) {
            stages.addFirst(new ReasoningBudgetStage(budget, vocab));
        }
        return new SamplerChain(stages, constraint(params, vocab, grammar), params.logProbs(), seed);
    }

    private static void addAdjustments(SamplingParams params, int vocabSize, List<SamplerStage> stages) {
        if (!params.logitBias().isEmpty()) {
            stages.add(bias(params.logitBias(), vocabSize));
        }
        boolean penalties = params.repetitionPenalty() != 1 || params.frequencyPenalty() != 0 || params.presencePenalty() != 0;
        if (penalties && params.repeatWindow() != 0) {
            int window = params.repeatWindow() < 0 ? Integer.MAX_VALUE : params.repeatWindow();
            stages.add(new PenaltiesStage(window, params.repetitionPenalty(), params.frequencyPenalty(),
                    params.presencePenalty()));
        }
    }

    private static void addTruncations(SamplingParams params, List<SamplerStage> stages) {
        if (params.topK() > 0) {
            stages.add(new TopKStage(params.topK()));
        }
        if (params.typicalP() < 1) {
            stages.add(new TypicalStage(params.typicalP(), 1));
        }
        if (params.topP() < 1) {
            stages.add(new TopPStage(params.topP(), 1));
        }
        if (params.minP() > 0) {
            stages.add(new MinPStage(params.minP(), 1));
        }
        if (params.temperature() != 1) {
            stages.add(new TemperatureStage(params.temperature(), 0, 1));
        }
    }

    private static LogitBiasStage bias(Map<Integer, Float> biases, int vocabSize) {
        int[] tokens = new int[biases.size()];
        float[] values = new float[biases.size()];
        int i = 0;
        for (Map.Entry<Integer, Float> e : new TreeMap<>(biases).entrySet()) {
            if (e.getKey() < 0 || e.getKey() >= vocabSize) {
                throw RealmException.badParam("logit_bias",
                        "logit_bias must name token ids below " + vocabSize + ", not " + e.getKey());
            }
            tokens[i] = e.getKey();
            values[i++] = e.getValue();
        }
        return new LogitBiasStage(tokens, values);
    }

    /**
     * The grammar that the parameters hold an output to, or null.
     *
     * @throws RealmException INVALID_REQUEST when it cannot be used
     */
    public static @Nullable Grammar grammar(SamplingParams params, @Nullable Vocab vocab) {
        String gbnf = params.grammar();
        String schema = params.jsonSchema();
        if (gbnf == null && schema == null) {
            return null;
        }
        if (vocab == null) {
            throw RealmException.badParam(gbnf != null ? "grammar" : "json_schema",
                    "structured output needs a model with a vocabulary");
        }
        return gbnf != null ? Grammar.gbnf(gbnf, vocab) : Grammar.jsonSchema(String.valueOf(schema));
    }

    private static @Nullable TokenConstraint constraint(SamplingParams params, @Nullable Vocab vocab, @Nullable Grammar grammar) {
        return grammar == null || vocab == null
                ? null
                : new GrammarConstraint(grammar, vocab, params.grammar() != null ? "grammar" : "json_schema");
    }
}
