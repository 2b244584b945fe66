package ai.realm.core.sampling;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How tokens are chosen from logits and when a generation ends, checked on construction. "Off" values: topK 0, topP 1, minP 0,
 * typicalP 1, repetitionPenalty 1, frequency and presence penalty 0.
 *
 * @param maxTokens generated tokens at most; 0 to look at the prompt only
 * @param temperature 0 is greedy
 * @param repeatWindow how many last tokens the penalties see; -1 all, 0 none
 * @param seed null for a random one
 * @param stopTokens ids that end the generation besides the model's own, not shown
 * @param stopStrings texts that end the generation, not shown
 * @param grammar GBNF text the output must match, or null
 * @param jsonSchema JSON schema the output must match, or null; not together with {@code grammar}
 * @param logitBias added to the logits of token ids
 * @param logProbs alternatives wanted beside the log-probability of each generated token, 0 for that alone; -1 for none at all
 * @param promptLogProbs the same for the tokens of the prompt
 * @param shownTokens control tokens that are shown as text, for whoever reads the answer's marks
 * @param reasoningBudget a bound on what the model thinks before it answers, or null
 * @param extras the samplers that most requests leave off
 * @param tokenRules which tokens the output may have
 * @param postSampling whether log-probabilities of generated tokens are those after the samplers, rather than the model's
 */
public record SamplingParams(int maxTokens, float temperature, int topK, float topP, float minP, float typicalP,
        float repetitionPenalty, float frequencyPenalty, float presencePenalty, int repeatWindow, @Nullable Long seed,
        List<Integer> stopTokens, List<String> stopStrings, @Nullable String grammar, @Nullable String jsonSchema,
        Map<Integer, Float> logitBias, int logProbs, int promptLogProbs, Set<Integer> shownTokens,
        @Nullable ReasoningBudget reasoningBudget, SamplerExtras extras, TokenRules tokenRules, boolean postSampling) {

    public static final int NO_LOG_PROBS = -1;
    public static final int MOST_LOG_PROBS = 20;

    public SamplingParams {
        require(maxTokens >= 0, "max_tokens", "0 or more", maxTokens);
        require(temperature >= 0 && temperature <= 100, "temperature", "0 to 100", temperature);
        require(topK >= 0, "top_k", "0 (off) or more", topK);
        require(topP > 0 && topP <= 1, "top_p", "above 0 and at most 1", topP);
        require(minP >= 0 && minP <= 1, "min_p", "0 to 1", minP);
        require(typicalP > 0 && typicalP <= 1, "typical_p", "above 0 and at most 1", typicalP);
        require(repetitionPenalty > 0 && repetitionPenalty <= 100, "repetition_penalty", "above 0 and at most 100",
                repetitionPenalty);
        require(Math.abs(frequencyPenalty) <= 2, "frequency_penalty", "-2 to 2", frequencyPenalty);
        require(Math.abs(presencePenalty) <= 2, "presence_penalty", "-2 to 2", presencePenalty);
        require(repeatWindow >= -1, "repeat_last_n", "-1 (all), 0 (none) or more", repeatWindow);
        require(logProbs >= NO_LOG_PROBS && logProbs <= MOST_LOG_PROBS, "logprobs", "0 to 20", logProbs);
        require(promptLogProbs >= NO_LOG_PROBS && promptLogProbs <= MOST_LOG_PROBS, "prompt_logprobs", "0 to 20", promptLogProbs);
        require(grammar == null || jsonSchema == null, "grammar", "given without a JSON schema", "both");
        stopTokens = List.copyOf(stopTokens);
        stopStrings = List.copyOf(stopStrings);
        logitBias = Map.copyOf(logitBias);
        shownTokens = Set.copyOf(shownTokens);
    }

    private static void require(boolean ok, String param, String rule, Object value) {
        if (!ok) {
            throw ai.realm.core.error.RealmException.badParam(param, param + " must be " + rule + ", not " + value);
        }
    }

    /** All but what most requests leave off. */
    public SamplingParams(int maxTokens, float temperature, int topK, float topP, float minP, float typicalP,
            float repetitionPenalty, float frequencyPenalty, float presencePenalty, int repeatWindow, @Nullable Long seed,
            List<Integer> stopTokens, List<String> stopStrings, @Nullable String grammar, @Nullable String jsonSchema,
            Map<Integer, Float> logitBias, int logProbs, int promptLogProbs, Set<Integer> shownTokens,
            @Nullable ReasoningBudget reasoningBudget) {
        this(maxTokens, temperature, topK, topP, minP, typicalP, repetitionPenalty, frequencyPenalty, presencePenalty,
                repeatWindow, seed, stopTokens, stopStrings, grammar, jsonSchema, logitBias, logProbs, promptLogProbs,
                shownTokens,
                reasoningBudget, SamplerExtras.NONE, TokenRules.NONE, false);
    }

    /** Temperature 1, nothing else on, 256 tokens. */
    public static SamplingParams defaults() {
        return new SamplingParams(256, 1, 0, 1, 0, 1, 1, 0, 0, 64, null, List.of(), List.of(), null, null, Map.of(), NO_LOG_PROBS,
                NO_LOG_PROBS, Set.of(), null);
    }

    public static SamplingParams greedy(int maxTokens) {
        return defaults().toBuilder().maxTokens(maxTokens).temperature(0).build();
    }

    public boolean isGreedy() {
        return temperature == 0;
    }

    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Changes some of the parameters. */
    public static final class Builder {
        private int maxTokens;
        private float temperature;
        private int topK;
        private float topP;
        private float minP;
        private float typicalP;
        private float repetitionPenalty;
        private float frequencyPenalty;
        private float presencePenalty;
        private int repeatWindow;
        private @Nullable Long seed;
        private List<Integer> stopTokens;
        private List<String> stopStrings;
        private @Nullable String grammar;
        private @Nullable String jsonSchema;
        private Map<Integer, Float> logitBias;
        private int logProbs;
        private int promptLogProbs;
        private Set<Integer> shownTokens;
        private @Nullable ReasoningBudget reasoningBudget;
        private SamplerExtras extras;
        private TokenRules tokenRules;
        private boolean postSampling;

        private Builder(SamplingParams p) {
            maxTokens = p.maxTokens;
            temperature = p.temperature;
            topK = p.topK;
            topP = p.topP;
            minP = p.minP;
            typicalP = p.typicalP;
            repetitionPenalty = p.repetitionPenalty;
            frequencyPenalty = p.frequencyPenalty;
            presencePenalty = p.presencePenalty;
            repeatWindow = p.repeatWindow;
            seed = p.seed;
            stopTokens = p.stopTokens;
            stopStrings = p.stopStrings;
            grammar = p.grammar;
            jsonSchema = p.jsonSchema;
            logitBias = p.logitBias;
            logProbs = p.logProbs;
            promptLogProbs = p.promptLogProbs;
            shownTokens = p.shownTokens;
            reasoningBudget = p.reasoningBudget;
            extras = p.extras;
            tokenRules = p.tokenRules;
            postSampling = p.postSampling;
        }

        public Builder maxTokens(int value) {
            this.maxTokens = value;
            return this;
        }

        public Builder temperature(float value) {
            this.temperature = value;
            return this;
        }

        public Builder topK(int value) {
            this.topK = value;
            return this;
        }

        public Builder topP(float value) {
            this.topP = value;
            return this;
        }

        public Builder minP(float value) {
            this.minP = value;
            return this;
        }

        public Builder typicalP(float value) {
            this.typicalP = value;
            return this;
        }

        public Builder repetitionPenalty(float value) {
            this.repetitionPenalty = value;
            return this;
        }

        public Builder frequencyPenalty(float value) {
            this.frequencyPenalty = value;
            return this;
        }

        public Builder presencePenalty(float value) {
            this.presencePenalty = value;
            return this;
        }

        public Builder repeatWindow(int value) {
            this.repeatWindow = value;
            return this;
        }

        public Builder seed(@Nullable Long value) {
            this.seed = value;
            return this;
        }

        public Builder stopTokens(List<Integer> value) {
            this.stopTokens = value;
            return this;
        }

        public Builder stopStrings(List<String> value) {
            this.stopStrings = value;
            return this;
        }

        public Builder grammar(@Nullable String value) {
            this.grammar = value;
            return this;
        }

        public Builder jsonSchema(@Nullable String value) {
            this.jsonSchema = value;
            return this;
        }

        public Builder logitBias(Map<Integer, Float> value) {
            this.logitBias = value;
            return this;
        }

        public Builder logProbs(int value) {
            this.logProbs = value;
            return this;
        }

        public Builder shownTokens(Set<Integer> value) {
            this.shownTokens = value;
            return this;
        }

        public Builder reasoningBudget(@Nullable ReasoningBudget value) {
            this.reasoningBudget = value;
            return this;
        }

        public Builder promptLogProbs(int value) {
            this.promptLogProbs = value;
            return this;
        }

        /** Sets some of the extras. */
        public Builder extras(Consumer<SamplerExtras.Draft> change) {
            this.extras = extras.with(change);
            return this;
        }

        public Builder tokenRules(TokenRules value) {
            this.tokenRules = value;
            return this;
        }

        public Builder postSampling(boolean value) {
            this.postSampling = value;
            return this;
        }

        public SamplingParams build() {
            return new SamplingParams(maxTokens, temperature, topK, topP, minP, typicalP, repetitionPenalty, frequencyPenalty,
                    presencePenalty, repeatWindow, seed, stopTokens, stopStrings, grammar, jsonSchema, logitBias, logProbs,
                    promptLogProbs, shownTokens, reasoningBudget, extras, tokenRules, postSampling);
        }
    }
}
