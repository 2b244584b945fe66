package ai.realm.core.sampling;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.sampling.grammar.GrammarConstraint;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds the sampler that parameters ask for, its stages in llama.cpp's default order. */
public final class Samplers {
    private static final List<SamplerKind> DEFAULT_ORDER = List.of(SamplerKind.values());
    /** Tokens that mirostat's first version looks at, as in llama.cpp. */
    private static final int MIROSTAT_SHAPE = 100;
    /** Tokens of the history that count as repeated at most: each choice takes time in proportion to them. */
    private static final int MOST_REPEATED = 8192;

    private Samplers() {
    }

    /**
     * @param promptTokens seen by the penalties
     * @param vocab needed for a grammar or a JSON schema only
     * @throws RealmException INVALID_REQUEST for a grammar or schema that cannot be used, or a bias for a token that is not there
     */
    public static Sampler create(SamplingParams params, int vocabSize, int[] promptTokens, @Nullable Vocab vocab) {
        return create(params, vocabSize, promptTokens, vocab, null, grammar(params, vocab));
    }

    /** @param grammar what {@link #grammar} made of these parameters, which several samplers may share */
    public static Sampler create(SamplingParams params, int vocabSize, int[] promptTokens, Tokenizer tokenizer,
            @Nullable Grammar grammar) {
        return create(params, vocabSize, promptTokens, tokenizer.vocab(), tokenizer, grammar);
    }

    private static Sampler create(SamplingParams params, int vocabSize, int[] promptTokens, @Nullable Vocab vocab,
            @Nullable Tokenizer tokenizer, @Nullable Grammar grammar) {
        return create(params, vocabSize, promptTokens, vocab, tokenizer, constraint(params, vocab, grammar), null);
    }

    /** @param first a stage before all others, or null */
    static Sampler create(SamplingParams params, int vocabSize, int[] promptTokens, @Nullable Vocab vocab,
            @Nullable Tokenizer tokenizer, @Nullable TokenConstraint constraint, @Nullable SamplerStage first) {
        Long asked = params.seed();
        long seed = asked != null ? asked : new SplittableRandom().nextLong();
        List<SamplerStage> stages = new ArrayList<>();
        Map<Integer, Float> biases = biases(params, tokenizer);
        if (!biases.isEmpty()) {
            stages.add(bias(biases, vocabSize));
        }
        addChoice(params, seed, vocabSize, tokenizer, stages);
        for (int token : promptTokens) {
            for (SamplerStage stage : stages) {
                stage.accept(token);
            }
        }
        if (!params.tokenRules().equals(TokenRules.NONE) && tokenizer != null) {
            Set<Integer> ends = new HashSet<>(tokenizer.vocab().endOfGenerationIds());
            ends.addAll(params.stopTokens());
            stages.addFirst(new TokenRulesStage(params.tokenRules(), ends, tokenizer, vocabSize));
        }
        ReasoningBudget budget = params.reasoningBudget();
        if (budget != null && vocab != null) {
            stages.addFirst(new ReasoningBudgetStage(budget, vocab));
        }
        if (first != null) {
            stages.addFirst(first);
        }
        return new SamplerChain(stages, constraint, params.logProbs(), params.postSampling(), seed);
    }

    /** What changes the logits, in the order that is asked for, and what chooses. */
    private static void addChoice(SamplingParams params, long seed, int vocabSize, @Nullable Tokenizer tokenizer,
            List<SamplerStage> stages) {
        SamplerExtras extras = params.extras();
        boolean mirostat = extras.mirostat() > 0 && !params.isGreedy();
        List<SamplerKind> order = extras.order() != null ? extras.order() : DEFAULT_ORDER;
        for (SamplerKind kind : order) {
            boolean kept = switch (kind) {
                case PENALTIES, DRY -> true;
                case TEMPERATURE -> !params.isGreedy();
                default -> !params.isGreedy() && !mirostat;
            };
            SamplerStage stage = kept ? stage(kind, params, seed, tokenizer) : null;
            if (stage != null) {
                stages.add(stage);
            }
        }
        stages.add(params.isGreedy()
                ? new GreedyStage()
                : mirostat
                        ? new MirostatStage(extras.mirostatTau(), extras.mirostatEta(),
                                extras.mirostat() == 1 ? MIROSTAT_SHAPE : 0, vocabSize, seed)
                        : new DrawStage(seed));
    }

    /** The stage, or null when it is off. */
    private static @Nullable SamplerStage stage(SamplerKind kind, SamplingParams p, long seed, @Nullable Tokenizer tokenizer) {
        SamplerExtras x = p.extras();
        return switch (kind) {
            case PENALTIES -> penalties(p);
            case DRY -> x.dryMultiplier() > 0 && x.dryLastTokens() != 0 ? dry(x, tokenizer) : null;
            case TOP_N_SIGMA -> x.topNSigma() > 0 ? new TopNSigmaStage(x.topNSigma()) : null;
            case TOP_K -> p.topK() > 0 ? new TopKStage(p.topK()) : null;
            case TYPICAL_P -> p.typicalP() < 1 ? new TypicalStage(p.typicalP(), 1) : null;
            case TOP_P -> p.topP() < 1 ? new TopPStage(p.topP(), 1) : null;
            case MIN_P -> p.minP() > 0 ? new MinPStage(p.minP(), 1) : null;
            // a stream of random numbers of its own
            case XTC -> x.xtcProbability() > 0 ? new XtcStage(x.xtcProbability(), x.xtcThreshold(), 1, ~seed) : null;
            case TEMPERATURE -> p.temperature() != 1 || x.dynatempRange() > 0
                    ? new TemperatureStage(p.temperature(), x.dynatempRange(), x.dynatempExponent())
                    : null;
        };
    }

    private static @Nullable SamplerStage penalties(SamplingParams params) {
        boolean on = params.repetitionPenalty() != 1 || params.frequencyPenalty() != 0 || params.presencePenalty() != 0;
        return on && params.repeatWindow() != 0
                ? new PenaltiesStage(params.repeatWindow() < 0 ? Integer.MAX_VALUE : params.repeatWindow(),
                        params.repetitionPenalty(), params.frequencyPenalty(), params.presencePenalty())
                : null;
    }

    private static SamplerStage dry(SamplerExtras x, @Nullable Tokenizer tokenizer) {
        List<int[]> breakers = tokenizer == null ? List.of() : TokenRulesStage.tokens(x.dryBreakers(), tokenizer);
        return new DryStage(x.dryMultiplier(), x.dryBase(), x.dryAllowedLength(),
                x.dryLastTokens() < 0 ? MOST_REPEATED : Math.min(x.dryLastTokens(), MOST_REPEATED), breakers);
    }

    /** What is added to the logits of tokens, those of {@link SamplerExtras#biasedTexts} among them. */
    public static Map<Integer, Float> biases(SamplingParams params, @Nullable Tokenizer tokenizer) {
        Map<String, Float> texts = params.extras().biasedTexts();
        if (texts.isEmpty() || tokenizer == null) {
            return params.logitBias();
        }
        Map<Integer, Float> all = new TreeMap<>(params.logitBias());
        texts.forEach((text, bias) -> Arrays.stream(tokenizer.encode(text, false, false)).distinct()
                .forEach(id -> all.merge(id, bias, Float::sum)));
        return all;
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
