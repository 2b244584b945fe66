package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaException;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.SpecVersionDetector;
import com.networknt.schema.ValidationMessage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Grammars of sets of schemas: what they accept of the sets' instances, and texts drawn from them, read and validated by a library.
 * {@code -Drealm.jsonschema=DIR} names a folder with further sets.
 */
class JsonSchemaSetTest {
    private static final int WALKS = 8;
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** What came of a set. */
    private static final class Result {
        int schemas;
        int accepted;
        int invalid;
        int valid;
        int validRefused;
        int walks;
        int unchecked;
        final List<Double> milliseconds = new ArrayList<>();
        final List<String> refusals = new ArrayList<>();
        final List<String> wrong = new ArrayList<>();

        @Override
        public String toString() {
            double[] ms = milliseconds.stream().mapToDouble(x -> x).sorted().toArray();
            return ("%d schemas, %d accepted (%.2f %%); %d invalid instances, %d walks (%d the library could not check): %d wrong; "
                    + "%d of %d valid instances refused; compile: median %.1f ms, 99 %% %.1f ms, most %.1f ms").formatted(schemas,
                            accepted, 100.0 * accepted / schemas, invalid, walks, unchecked, wrong.size(), validRefused, valid,
                            ms[ms.length / 2], ms[ms.length * 99 / 100], ms[ms.length - 1]);
        }
    }

    private static Stream<JsonNode> read(InputStream in) {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().map(line -> {
            try {
                return JSON.readTree(line);
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException(e);
            }
        });
    }

    private static Result run(Stream<JsonNode> cases) {
        Result out = new Result();
        cases.forEach(c -> check(c, out));
        assertThat(out.schemas).as("schemas in the set").isPositive();
        return out;
    }

    private static void check(JsonNode c, Result out) {
        String id = c.get("id").asText();
        String schema = c.get("schema").asText();
        out.schemas++;
        long start = System.nanoTime();
        Grammar grammar = null;
        try {
            grammar = Grammar.jsonSchema(schema);
            out.accepted++;
        } catch (RealmException e) {
            out.refusals.add(id + ": " + e.getMessage());
        }
        out.milliseconds.add((System.nanoTime() - start) / 1e6);
        if (grammar != null) {
            try {
                instances(id, c.get("tests"), grammar, out);
                walks(id, schema, grammar, out);
            } catch (RealmException e) {
                out.refusals.add(id + ": at # while generating, " + e.getMessage());
            }
        }
    }

    private static void instances(String id, JsonNode tests, Grammar grammar, Result out) {
        for (JsonNode test : tests) {
            boolean matches = grammar.matches(test.get("text").asText());
            if (test.get("valid").asBoolean()) {
                out.valid++;
                out.validRefused += matches ? 0 : 1;
            } else {
                out.invalid++;
                if (matches && !test.path("format_only").asBoolean()) {
                    out.wrong.add(id + " accepts " + test.get("text").asText());
                }
            }
        }
    }

    private static void walks(String id, String schema, Grammar grammar, Result out) {
        GrammarWalk walk = new GrammarWalk(grammar);
        Random random = new Random(id.hashCode());
        JsonSchema validator = validator(schema);
        for (int i = 0; i < WALKS; i++) {
            String text = walk.text(random, i % 2 == 0 ? 20 : 300);
            out.walks++;
            assertThat(grammar.matches(text)).as("%s matches what it gave: %s", id, text).isTrue();
            try {
                JsonNode value = JSON.readTree(text);
                if (validator == null) {
                    out.unchecked++;
                } else {
                    List<ValidationMessage> faults = validator.validate(value).stream().filter(m -> !overstrict(m)).toList();
                    if (!faults.isEmpty()) {
                        out.wrong.add(id + " gives " + text + ": " + faults);
                    }
                }
            } catch (JsonProcessingException e) {
                out.wrong.add(id + " gives what is not JSON: " + text);
            } catch (JsonSchemaException | StackOverflowError e) {
                out.unchecked++;
            }
        }
    }

    /** The library refuses bounds that contradict each other. */
    private static boolean overstrict(ValidationMessage m) {
        return m.getMessage().contains("minContains must less");
    }

    /** Null where the library does not take the schema: it fetches nothing, and Java's patterns are not quite ECMA-262's. */
    private static @org.jspecify.annotations.Nullable JsonSchema validator(String schema) {
        try {
            // of these the library has its own view: top-level domains of today, and regex, which is not held
            JsonNode tree = JSON.readTree(schema.replaceAll("(\"format\"\\s*:\\s*\")((idn-)?email|regex)\"", "$1x-$2\""));
            VersionFlag version = SpecVersionDetector.detectOptionalVersion(tree, false).orElse(VersionFlag.V202012);
            return JsonSchemaFactory.getInstance(version).getSchema(tree,
                    SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        } catch (RuntimeException e) {
            return null;
        }
    }

    private static Result resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(JsonSchemaSetTest.class.getResourceAsStream("/json-schema/" + name))) {
            return run(read(in));
        }
    }

    @Test
    void ownSchemas_areAllHeld() throws IOException {
        Result result = resource("own.jsonl");
        assertThat(result.wrong).isEmpty();
        assertThat(result.refusals).isEmpty();
        assertThat(result.unchecked).as("walks that were not validated").isLessThan(result.walks / 10);
    }

    @Test
    void suite_givesNothingInvalid() throws IOException {
        Result result = resource("suite.jsonl");
        assertThat(result.wrong).isEmpty();
        assertThat(result.refusals).allMatch(r -> r.contains(" at #"));
    }

    @Test
    @Tag("schema-set")
    void folder_givesNothingInvalid() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files
                .list(Path.of(Objects.requireNonNull(System.getProperty("realm.jsonschema"), "-Drealm.jsonschema=DIR")))) {
            files = all.filter(p -> p.toString().endsWith(".jsonl") || p.toString().endsWith(".jsonl.gz")).sorted().toList();
        }
        assertThat(files).as("sets in the folder").isNotEmpty();
        List<String> wrong = new ArrayList<>();
        for (Path file : files) {
            try (InputStream raw = Files.newInputStream(file);
                    InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
                Result result = run(read(in));
                System.out.println(file.getFileName() + ": " + result);
                result.refusals.forEach(r -> System.out.println("  refused " + r));
                wrong.addAll(result.wrong);
            }
        }
        assertThat(wrong).isEmpty();
    }
}
