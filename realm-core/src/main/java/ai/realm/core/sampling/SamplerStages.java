package ai.realm.core.sampling;

import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Builds sampler stages from a name and parameters as llama.cpp names them: temp, temp_ext, top_k, top_p, min_p, typical,
 * top_n_sigma, xtc, penalties, dry, mirostat, mirostat_v2, logit_bias, greedy, dist.
 */
public final class SamplerStages {
    private SamplerStages() {
    }

    /**
     * @param parameters numbers by name; lists of lists of numbers for {@code bias} and {@code seq_breaker_token_ids}
     * @param vocabSize size of the whole vocabulary
     * @throws RealmException INVALID_REQUEST for an unknown name, or a parameter that is missing or not a number
     */
    public static SamplerStage create(String name, Map<String, ?> parameters, int vocabSize) {
        Reader p = new Reader(name, parameters);
        return switch (name) {
            case "temp" -> new TemperatureStage(p.number("temperature"), 0, 1);
            case "temp_ext" -> new TemperatureStage(p.number("temperature"), p.number("delta"), p.number("exponent"));
            case "top_k" -> new TopKStage(p.integer("k"));
            case "top_p" -> new TopPStage(p.number("p"), p.integer("min_keep"));
            case "min_p" -> new MinPStage(p.number("p"), p.integer("min_keep"));
            case "typical" -> new TypicalStage(p.number("p"), p.integer("min_keep"));
            case "top_n_sigma" -> new TopNSigmaStage(p.number("n"));
            case "xtc" -> new XtcStage(p.number("probability"), p.number("threshold"), p.integer("min_keep"), p.seed());
            case "penalties" -> new PenaltiesStage(p.integer("last_n"), p.number("repeat"), p.number("frequency"),
                    p.number("presence"));
            case "dry" -> new DryStage(p.number("multiplier"), p.number("base"), p.integer("allowed_length"), p.integer("last_n"),
                    p.tokenLists("seq_breaker_token_ids"));
            case "mirostat" -> new MirostatStage(p.number("tau"), p.number("eta"), p.integer("m"), vocabSize, p.seed());
            case "mirostat_v2" -> new MirostatStage(p.number("tau"), p.number("eta"), 0, vocabSize, p.seed());
            case "logit_bias" -> p.bias("bias");
            case "greedy" -> new GreedyStage();
            case "dist" -> new DrawStage(p.seed());
            default -> throw RealmException.badParam("sampler", "no sampler is called " + name);
        };
    }

    /** Typed access to one stage's parameters. */
    private record Reader(String stage, Map<String, ?> values) {
        float number(String key) {
            return value(key).floatValue();
        }

        int integer(String key) {
            return value(key).intValue();
        }

        long seed() {
            return value("seed").longValue();
        }

        private Number value(String key) {
            if (values.get(key) instanceof Number n) {
                return n;
            }
            throw RealmException.badParam(key, stage + " needs a number " + key + ", not " + values.get(key));
        }

        private List<List<Number>> lists(String key) {
            List<List<Number>> out = new ArrayList<>();
            if (!(values.get(key) instanceof List<?> outer)) {
                throw RealmException.badParam(key, stage + " needs a list " + key + ", not " + values.get(key));
            }
            for (Object inner : outer) {
                List<Number> numbers = new ArrayList<>();
                for (Object number : inner instanceof List<?> l ? l : List.of(inner)) {
                    if (!(number instanceof Number n)) {
                        throw RealmException.badParam(key, stage + " needs numbers in " + key + ", not " + number);
                    }
                    numbers.add(n);
                }
                out.add(numbers);
            }
            return out;
        }

        List<int[]> tokenLists(String key) {
            return lists(key).stream().filter(l -> !l.isEmpty()).map(l -> l.stream().mapToInt(Number::intValue).toArray())
                    .toList();
        }

        LogitBiasStage bias(String key) {
            List<List<Number>> pairs = lists(key);
            int[] tokens = new int[pairs.size()];
            float[] biases = new float[pairs.size()];
            for (int i = 0; i < tokens.length; i++) {
                if (pairs.get(i).size() != 2) {
                    throw RealmException.badParam(key, stage + " needs pairs of token and bias, not " + pairs.get(i));
                }
                tokens[i] = pairs.get(i).get(0).intValue();
                biases[i] = pairs.get(i).get(1).floatValue();
            }
            return new LogitBiasStage(tokens, biases);
        }
    }
}
