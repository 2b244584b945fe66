package ai.realm.core.sampling;

import ai.realm.core.error.RealmException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The samplers that most requests leave off, by llama.cpp's names and defaults. "Off" values: topNSigma, xtcProbability,
 * dryMultiplier, mirostat and dynatempRange 0.
 *
 * @param topNSigma standard deviations below the largest logit that are kept
 * @param xtcProbability how often the likeliest tokens are taken out
 * @param xtcThreshold probability that a token must have for that
 * @param dryMultiplier strength of the penalty for going on with a repetition
 * @param dryAllowedLength tokens that may be repeated without a penalty
 * @param dryLastTokens of the history that count; -1 all
 * @param dryBreakers texts across which nothing counts as repeated
 * @param mirostat version 1 or 2; it takes the place of all samplers but the temperature's
 * @param mirostatTau the surprise that is aimed at
 * @param mirostatEta how fast it is followed
 * @param dynatempRange how far the temperature follows the entropy, down and up
 * @param order which samplers run, in which order; null for llama.cpp's own
 * @param biasedTexts added to the logits of each token that a text becomes
 * @param adapterScale how strongly the LoRA adapter counts that the request names, besides its own scale; 1 as it is
 */
public record SamplerExtras(float topNSigma, float xtcProbability, float xtcThreshold, float dryMultiplier, float dryBase,
        int dryAllowedLength, int dryLastTokens, List<String> dryBreakers, int mirostat, float mirostatTau, float mirostatEta,
        float dynatempRange, float dynatempExponent, @Nullable List<SamplerKind> order, Map<String, Float> biasedTexts,
        float adapterScale) {
    private static final int MOST_BREAKERS = 64;
    private static final int MOST_CHARACTERS = 64;
    private static final int MOST_BIASED_TEXTS = 256;
    private static final int MOST_BIASED_CHARACTERS = 256;

    /** All off. */
    public static final SamplerExtras NONE = new SamplerExtras(0, 0, 0.1f, 0, 1.75f, 2, -1, List.of("\n", ":", "\"", "*"), 0, 5,
            0.1f, 0, 1, null, Map.of(), 1);

    public SamplerExtras {
        require(topNSigma >= 0, "top_n_sigma", "0 (off) or more", topNSigma);
        require(xtcProbability >= 0 && xtcProbability <= 1, "xtc_probability", "0 to 1", xtcProbability);
        require(xtcThreshold >= 0 && xtcThreshold <= 1, "xtc_threshold", "0 to 1", xtcThreshold);
        require(dryMultiplier >= 0 && dryMultiplier <= 100, "dry_multiplier", "0 to 100", dryMultiplier);
        require(dryBase >= 0 && dryBase <= 100, "dry_base", "0 to 100", dryBase);
        require(dryAllowedLength >= 0, "dry_allowed_length", "0 or more", dryAllowedLength);
        require(dryLastTokens >= -1, "dry_penalty_last_n", "-1 (all), 0 (none) or more", dryLastTokens);
        require(dryBreakers.size() <= MOST_BREAKERS, "dry_sequence_breakers", "at most " + MOST_BREAKERS + " texts",
                dryBreakers.size());
        require(dryBreakers.stream().allMatch(b -> !b.isEmpty() && b.length() <= MOST_CHARACTERS), "dry_sequence_breakers",
                "texts of 1 to " + MOST_CHARACTERS + " characters", "others");
        require(mirostat >= 0 && mirostat <= 2, "mirostat", "0 (off), 1 or 2", mirostat);
        require(mirostatTau >= 0 && mirostatTau <= 1000, "mirostat_tau", "0 to 1000", mirostatTau);
        require(mirostatEta >= 0 && mirostatEta <= 100, "mirostat_eta", "0 to 100", mirostatEta);
        require(dynatempRange >= 0 && dynatempRange <= 100, "dynatemp_range", "0 to 100", dynatempRange);
        require(dynatempExponent >= 0 && dynatempExponent <= 100, "dynatemp_exponent", "0 to 100", dynatempExponent);
        require(adapterScale >= -10 && adapterScale <= 10, "adapter_scale", "-10 to 10", adapterScale);
        require(biasedTexts.size() <= MOST_BIASED_TEXTS, "logit_bias", "of at most " + MOST_BIASED_TEXTS + " texts",
                biasedTexts.size());
        require(biasedTexts.keySet().stream().allMatch(t -> !t.isEmpty() && t.length() <= MOST_BIASED_CHARACTERS), "logit_bias",
                "of texts of 1 to " + MOST_BIASED_CHARACTERS + " characters", "others");
        biasedTexts = Map.copyOf(biasedTexts);
        dryBreakers = List.copyOf(dryBreakers);
        order = order == null ? null : List.copyOf(order);
    }

    private static void require(boolean ok, String param, String rule, Object value) {
        if (!ok) {
            throw RealmException.badParam(param, param + " must be " + rule + ", not " + value);
        }
    }

    /** The same but for what {@code change} sets. */
    public SamplerExtras with(Consumer<Draft> change) {
        Draft d = new Draft(this);
        change.accept(d);
        return new SamplerExtras(d.topNSigma, d.xtcProbability, d.xtcThreshold, d.dryMultiplier, d.dryBase, d.dryAllowedLength,
                d.dryLastTokens, d.dryBreakers, d.mirostat, d.mirostatTau, d.mirostatEta, d.dynatempRange, d.dynatempExponent,
                d.order, d.biasedTexts, d.adapterScale);
    }

    /** The values before they are checked. */
    public static final class Draft {
        public float topNSigma;
        public float xtcProbability;
        public float xtcThreshold;
        public float dryMultiplier;
        public float dryBase;
        public int dryAllowedLength;
        public int dryLastTokens;
        public List<String> dryBreakers;
        public int mirostat;
        public float mirostatTau;
        public float mirostatEta;
        public float dynatempRange;
        public float dynatempExponent;
        public @Nullable List<SamplerKind> order;
        public Map<String, Float> biasedTexts;
        public float adapterScale;

        private Draft(SamplerExtras e) {
            topNSigma = e.topNSigma;
            xtcProbability = e.xtcProbability;
            xtcThreshold = e.xtcThreshold;
            dryMultiplier = e.dryMultiplier;
            dryBase = e.dryBase;
            dryAllowedLength = e.dryAllowedLength;
            dryLastTokens = e.dryLastTokens;
            dryBreakers = e.dryBreakers;
            mirostat = e.mirostat;
            mirostatTau = e.mirostatTau;
            mirostatEta = e.mirostatEta;
            dynatempRange = e.dynatempRange;
            dynatempExponent = e.dynatempExponent;
            order = e.order;
            biasedTexts = e.biasedTexts;
            adapterScale = e.adapterScale;
        }
    }
}
