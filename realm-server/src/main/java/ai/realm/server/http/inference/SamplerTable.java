package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.SamplingParams.Builder;
import ai.realm.server.http.json.JsonFields;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Every number that steers sampling, once for all APIs: the names that OpenAI, vLLM, llama.cpp and Ollama give it, its range, and what
 * it sets. The API's description is made of it too.
 */
public final class SamplerTable {
    /**
     * One number.
     *
     * @param names the usual one first
     * @param aboveZero whether the lower end does not belong to the range; APIs in which 0 is "off" take it as 1
     */
    public record Entry(List<String> names, double min, double max, boolean integer, boolean aboveZero,
            BiConsumer<Builder, Double> set) {}

    private static final double MOST = Integer.MAX_VALUE;

    /** All of them. */
    public static final List<Entry> ENTRIES = List.of(
            number("temperature", 0, 2, (b, v) -> b.temperature(v.floatValue())),
            positive("top_p", 1, (b, v) -> b.topP(v.floatValue())),
            // -1 is how vLLM spells "off".
            integer("top_k", -1, (b, v) -> b.topK(Math.max(0, v.intValue()))),
            number("min_p", 0, 1, (b, v) -> b.minP(v.floatValue())),
            positive(List.of("typical_p", "typ_p"), 1, (b, v) -> b.typicalP(v.floatValue())),
            positive(List.of("repetition_penalty", "repeat_penalty"), 100, (b, v) -> b.repetitionPenalty(v.floatValue())),
            integer("repeat_last_n", -1, (b, v) -> b.repeatWindow(v.intValue())),
            number("frequency_penalty", -2, 2, (b, v) -> b.frequencyPenalty(v.floatValue())),
            number("presence_penalty", -2, 2, (b, v) -> b.presencePenalty(v.floatValue())),
            // -1 is how llama.cpp spells "off".
            number("top_n_sigma", -1, 100, (b, v) -> b.extras(e -> e.topNSigma = Math.max(0, v.floatValue()))),
            number("xtc_probability", 0, 1, (b, v) -> b.extras(e -> e.xtcProbability = v.floatValue())),
            number("xtc_threshold", 0, 1, (b, v) -> b.extras(e -> e.xtcThreshold = v.floatValue())),
            number("dry_multiplier", 0, 100, (b, v) -> b.extras(e -> e.dryMultiplier = v.floatValue())),
            number("dry_base", 0, 100, (b, v) -> b.extras(e -> e.dryBase = v.floatValue())),
            integer("dry_allowed_length", 0, (b, v) -> b.extras(e -> e.dryAllowedLength = v.intValue())),
            integer("dry_penalty_last_n", -1, (b, v) -> b.extras(e -> e.dryLastTokens = v.intValue())),
            new Entry(List.of("mirostat"), 0, 2, true, false, (b, v) -> b.extras(e -> e.mirostat = v.intValue())),
            number("mirostat_tau", 0, 1000, (b, v) -> b.extras(e -> e.mirostatTau = v.floatValue())),
            number("mirostat_eta", 0, 100, (b, v) -> b.extras(e -> e.mirostatEta = v.floatValue())),
            number("dynatemp_range", 0, 100, (b, v) -> b.extras(e -> e.dynatempRange = v.floatValue())),
            number("dynatemp_exponent", 0, 100, (b, v) -> b.extras(e -> e.dynatempExponent = v.floatValue())),
            number("adapter_scale", -10, 10, (b, v) -> b.extras(e -> e.adapterScale = v.floatValue())));

    private SamplerTable() {
    }

    private static Entry number(String name, double min, double max, BiConsumer<Builder, Double> set) {
        return new Entry(List.of(name), min, max, false, false, set);
    }

    private static Entry positive(String name, double max, BiConsumer<Builder, Double> set) {
        return positive(List.of(name), max, set);
    }

    private static Entry positive(List<String> names, double max, BiConsumer<Builder, Double> set) {
        return new Entry(names, 0, max, false, true, set);
    }

    private static Entry integer(String name, double min, BiConsumer<Builder, Double> set) {
        return new Entry(List.of(name), min, MOST, true, false, set);
    }

    /**
     * Takes those that are given.
     *
     * @param zeroIsOff whether 0 is 1 where 0 would be no value
     */
    static void read(JsonFields fields, SamplingParams.Builder into, boolean zeroIsOff) {
        for (Entry e : ENTRIES) {
            for (String name : e.names) {
                Double value = value(fields, e, name);
                if (value == null) {
                    continue;
                }
                if (e.aboveZero && value.floatValue() == 0) {
                    if (!zeroIsOff) {
                        throw RealmException.badParam(fields.path(name), fields.path(name) + " must be above 0 and at most "
                                + (long) e.max + ", not " + value);
                    }
                    value = 1.0;
                }
                e.set.accept(into, value);
            }
        }
    }

    private static @Nullable Double value(JsonFields fields, Entry e, String name) {
        if (!e.integer) {
            return fields.number(name, e.min, e.max);
        }
        Long value = fields.integer(name, (long) e.min, (long) e.max);
        return value == null ? null : (Double) value.doubleValue();
    }
}
