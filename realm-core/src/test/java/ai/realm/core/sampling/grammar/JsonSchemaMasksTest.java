package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What masks cost along the valid instances of a set of schemas, in processor time of the thread, on a real vocabulary:
 * {@code -Drealm.jsonschema.set=FILE -Drealm.gguf=MODEL}. "First" is the first output of a grammar, "again" one that finds what the first
 * one left. Fails when a mask does not allow the instance's next token.
 */
@Tag("schema-set")
class JsonSchemaMasksTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Tokenizer tokenizer;

    JsonSchemaMasksTest() throws IOException {
        try (GgufFile file = GgufReader
                .open(Path.of(Objects.requireNonNull(System.getProperty("realm.gguf"), "-Drealm.gguf=MODEL")))) {
            tokenizer = Tokenizers.fromGguf(file).orElseThrow();
        }
        long start = THREADS.getCurrentThreadCpuTime();
        int size = TokenIndex.of(tokenizer.vocab()).trie.size();
        System.out.printf("the tree of %d tokens has %d nodes, made in %.0f ms%n", tokenizer.vocab().size(), size,
                (THREADS.getCurrentThreadCpuTime() - start) / 1e6);
    }

    /** Of one token: its mask, then following it. */
    private record Cost(double maskMicros, long maskSteps, double acceptMicros) {}

    @Test
    void masks_ofASetOfSchemas_cost() throws IOException {
        Path file = Path.of(Objects.requireNonNull(System.getProperty("realm.jsonschema.set"), "-Drealm.jsonschema.set=FILE"));
        DoubleStream.Builder first = DoubleStream.builder();
        DoubleStream.Builder firstCold = DoubleStream.builder();
        DoubleStream.Builder again = DoubleStream.builder();
        DoubleStream.Builder accepts = DoubleStream.builder();
        DoubleStream.Builder steps = DoubleStream.builder();
        int outputs = 0;
        int failed = 0;
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                JsonNode c = JSON.readTree(line);
                Grammar grammar;
                try {
                    grammar = Grammar.jsonSchema(c.get("schema").asText());
                } catch (RealmException e) {
                    continue;
                }
                for (JsonNode test : c.get("tests")) {
                    String text = test.get("text").asText();
                    if (!test.get("valid").asBoolean() || !matches(grammar, text)) {
                        continue;
                    }
                    try {
                        List<Cost> costs = measure(grammar, text);
                        for (Cost cost : costs) {
                            first.add(cost.maskMicros);
                            if (outputs < 20) {
                                firstCold.add(cost.maskMicros);
                            }
                            accepts.add(cost.acceptMicros);
                            steps.add(cost.maskSteps);
                        }
                        measure(grammar, text).forEach(cost -> again.add(cost.maskMicros));
                    } catch (RealmException e) {
                        failed++;
                        System.out.println("  " + c.get("id").asText() + ": " + e.getMessage());
                    }
                    outputs++;
                    break;
                }
            }
        }
        System.out.println(file.getFileName() + ": " + outputs + " outputs, " + failed + " failed");
        print("first output of a grammar", first.build().toArray());
        print("  of those the first 20 outputs", firstCold.build().toArray());
        print("the same output again", again.build().toArray());
        print("following a token", accepts.build().toArray());
        print("steps of the first, not time", steps.build().toArray());
        assertThat(outputs).isPositive();
    }

    private static boolean matches(Grammar grammar, String text) {
        try {
            return grammar.matches(text);
        } catch (RealmException e) {
            return false;
        }
    }

    private List<Cost> measure(Grammar grammar, String text) {
        GrammarConstraint c = new GrammarConstraint(grammar, tokenizer.vocab());
        int[] tokens = tokenizer.encode(text, false, false);
        Cost[] out = new Cost[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            long work = c.work();
            long start = THREADS.getCurrentThreadCpuTime();
            c.prepareMask(Long.MAX_VALUE);
            long masked = THREADS.getCurrentThreadCpuTime();
            long steps = c.work() - work;
            assertThat(c.allows(tokens[i])).isTrue();
            c.accept(tokens[i]);
            out[i] = new Cost((masked - start) / 1e3, steps, (THREADS.getCurrentThreadCpuTime() - masked) / 1e3);
        }
        return Arrays.asList(out);
    }

    private static void print(String what, double[] micros) {
        Arrays.sort(micros);
        System.out.printf("  %-32s %7d masks: p50 %.1f p90 %.1f p99 %.1f p99.9 %.1f most %.1f microseconds, sum %.0f ms%n", what,
                micros.length, at(micros, 0.5), at(micros, 0.9), at(micros, 0.99), at(micros, 0.999), at(micros, 1),
                Arrays.stream(micros).sum() / 1e3);
    }

    private static double at(double[] sorted, double part) {
        return sorted[(int) Math.min(sorted.length - 1.0, sorted.length * part)];
    }
}
