package ai.realm.bench;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.sampling.grammar.GrammarConstraint;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * What the masks of typical JSON schemas cost on a model's vocabulary. It measures the thread's processor time, so that a busy
 * machine shows less: for every token of an answer, with a grammar of its own ("fresh") and with one that earlier answers used
 * ("shared"). Takes the path of a GGUF file.
 */
public final class GrammarMasks {
    private static final int ROUNDS = 30;
    private static final String PERSON = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"city\":{\"type\":\"string\","
            + "\"maxLength\":40},\"age\":{\"type\":\"integer\"},\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
            + "\"required\":[\"name\",\"city\",\"age\",\"tags\"],\"additionalProperties\":false}";
    private static final String PERSON_TEXT = "{\"name\": \"Ann Smith of York\", \"city\": \"New York City\", \"age\": 1234, "
            + "\"tags\": [\"one two\", \"three four\"]}";
    private static final String CALL = "{\"type\":\"object\",\"properties\":{\"function\":{\"enum\":[\"get_weather\",\"get_time\","
            + "\"send_mail\"]},\"arguments\":{\"type\":\"object\",\"properties\":{\"place\":{\"type\":\"string\"},\"days\":{\"type\":"
            + "\"integer\",\"minimum\":1,\"maximum\":14},\"exact\":{\"type\":\"boolean\"}},\"required\":[\"place\",\"days\",\"exact\"]}},"
            + "\"required\":[\"function\",\"arguments\"]}";
    private static final String CALL_TEXT = "{\"function\": \"get_weather\", \"arguments\": {\"place\": \"The Hague, in the west\", "
            + "\"days\": 12, \"exact\": true}}";

    private GrammarMasks() {
    }

    public static void main(String[] args) throws IOException {
        Tokenizer tokenizer;
        try (GgufFile file = GgufReader.open(Path.of(args[0]))) {
            tokenizer = Tokenizers.fromGguf(file).orElseThrow();
        }
        String[][] cases = {{PERSON, PERSON_TEXT}, {CALL, CALL_TEXT}, {"{}", PERSON_TEXT}};
        for (int warm = 0; warm < 2; warm++) {
            List<Double> fresh = new ArrayList<>();
            List<Double> shared = new ArrayList<>();
            for (String[] c : cases) {
                Grammar known = Grammar.jsonSchema(c[0]);
                for (int round = 0; round < ROUNDS; round++) {
                    measure(Grammar.jsonSchema(c[0]), tokenizer, c[1], fresh);
                    measure(known, tokenizer, c[1], shared);
                }
            }
            print(warm == 0 ? "cold JIT" : "warm", "fresh", fresh);
            print(warm == 0 ? "cold JIT" : "warm", "shared", shared);
        }
    }

    private static void measure(Grammar grammar, Tokenizer tokenizer, String text, List<Double> micros) {
        GrammarConstraint c = new GrammarConstraint(grammar, tokenizer.vocab());
        for (int token : tokenizer.encode(text, false, false)) {
            long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            c.prepareMask(Long.MAX_VALUE);
            micros.add((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e3);
            c.accept(token);
        }
    }

    private static void print(String jit, String grammar, List<Double> micros) {
        Collections.sort(micros);
        System.out.printf(Locale.ROOT, "%-8s %-6s grammar: %6d masks, microseconds p50 %.1f p90 %.1f p99 %.1f max %.1f%n", jit,
                grammar,
                micros.size(), at(micros, 0.5), at(micros, 0.9), at(micros, 0.99), at(micros, 1));
    }

    private static double at(List<Double> sorted, double part) {
        return sorted.get((int) Math.min(sorted.size() - 1.0, sorted.size() * part));
    }
}
