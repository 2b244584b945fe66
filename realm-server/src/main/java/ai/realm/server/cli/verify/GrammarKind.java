package ai.realm.server.cli.verify;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.Grammar;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Grammars and JSON schemas with the texts that fit and those that do not; and grammars that must be refused. */
final class GrammarKind implements Kind {
    @Override
    public String name() {
        return "grammar";
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        for (Path file : CaseData.files(folder, ".json")) {
            String label = CaseData.stem(file, ".json") + "/";
            JsonNode data = CaseData.read(file);
            grammars(label, data.path("grammars"), out);
            int i = 0;
            for (JsonNode bad : data.path("must_not_load")) {
                out.accept(refusal(label + "must not load " + i++ + " " + bad.path("name").asText(), bad, "grammar",
                        text -> Grammar.gbnf(text, null)));
            }
            schemas(label, data.path("schemas"), out);
            for (JsonNode bad : data.path("schemas_the_reference_refuses")) {
                out.accept(refusal(label + "refused by the reference " + bad.path("name").asText(), bad, "schema_text",
                        Grammar::jsonSchema).asInformation());
            }
        }
    }

    private void grammars(String label, JsonNode grammars, Consumer<Verdict> out) {
        int i = 0;
        for (JsonNode data : grammars) {
            String name = label + i++ + " " + data.path("name").asText();
            Compiled compiled = Compiled.of(data.path("grammar").asText(), text -> Grammar.gbnf(text, null));
            int n = 0;
            for (JsonNode text : data.path("accept")) {
                out.accept(matching(name + ", accept " + n++, compiled, text.asText(), true));
            }
            n = 0;
            for (JsonNode text : data.path("reject")) {
                out.accept(matching(name + ", reject " + n++, compiled, text.asText(), false));
            }
        }
    }

    private void schemas(String label, JsonNode schemas, Consumer<Verdict> out) {
        int i = 0;
        for (JsonNode data : schemas) {
            String name = label + i++ + " " + data.path("name").asText();
            String source = data.has("schema_text") ? data.get("schema_text").asText() : data.path("schema").toString();
            Compiled compiled = Compiled.of(source, Grammar::jsonSchema);
            int n = 0;
            for (JsonNode test : data.path("strings")) {
                Verdict verdict = matching(name + ", string " + n++, compiled, test.path("text").asText(),
                        test.path("accepted").asBoolean());
                // where the reference's grammar and a validator differ, either answer is right
                out.accept(test.path("agree").asBoolean(true) ? verdict : verdict.asInformation());
            }
        }
    }

    /** A grammar, or why there is none. */
    private record Compiled(@Nullable Grammar grammar, String why) {
        static Compiled of(String source, Function<String, Grammar> compiler) {
            try {
                return new Compiled(compiler.apply(source), "");
            } catch (RuntimeException | StackOverflowError e) {
                return new Compiled(null, CaseData.message(e));
            }
        }
    }

    private Verdict matching(String label, Compiled compiled, String text, boolean want) {
        if (compiled.grammar == null) {
            return Verdict.failed(name(), label, "first_difference", "does not load: " + compiled.why);
        }
        try {
            boolean got = compiled.grammar.matches(text);
            return Verdict.exact(name(), label, got == want
                    ? null
                    : new Difference(0, (got ? "accepts " : "rejects ") + Difference.shown(text, 0)));
        } catch (RuntimeException | StackOverflowError e) {
            return Verdict.failed(name(), label, "first_difference", "crashed: " + e);
        }
    }

    private Verdict refusal(String label, JsonNode data, String member, Function<String, Grammar> compiler) {
        try {
            var _ = compiler.apply(CaseData.need(data, member).asText());
            return Verdict.failed(name(), label, "first_difference", "was loaded, and must be refused");
        } catch (RealmException e) {
            return Verdict.exact(name(), label, null);
        } catch (RuntimeException | StackOverflowError e) {
            return Verdict.failed(name(), label, "first_difference", "crashed: " + e);
        }
    }
}
