package ai.realm.server.cli.verify;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.chat.ChatTemplates;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Chat templates with contexts and what Python's Jinja renders for them, or the error it raises. */
final class TemplatesKind implements Kind {
    private static final ObjectReader CONTEXT = CaseData.JSON.readerFor(new TypeReference<Map<String, Object>>() {
    }).with(DeserializationFeature.USE_LONG_FOR_INTS);

    @Override
    public String name() {
        return "templates";
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        for (Path file : CaseData.files(folder, ".json")) {
            String label = CaseData.stem(file, ".json");
            try {
                JsonNode data = CaseData.read(file);
                ChatTemplate template = compileOrFailLater(folder.resolve(label + ".jinja"), data);
                for (JsonNode test : CaseData.need(data, "cases")) {
                    out.accept(verify(label + "/" + test.path("name").asText(), test, template));
                }
            } catch (IOException | RuntimeException | StackOverflowError e) {
                out.accept(Verdict.failed(name(), label, "first_difference", CaseData.message(e)));
            }
        }
    }

    /** A template with a syntax error fails when it is rendered, as the cases have it. */
    private static ChatTemplate compileOrFailLater(Path source, JsonNode data) throws IOException {
        try {
            return compile(source, data);
        } catch (RealmException e) {
            return variables -> {
                throw new RealmException(e.code(), String.valueOf(e.getMessage()), e);
            };
        }
    }

    private static ChatTemplate compile(Path source, JsonNode data) throws IOException {
        LocalDateTime now = LocalDateTime.parse(data.path("now").asText("2026-01-02T12:34:56"));
        return ChatTemplates.compile(Files.readString(source), Clock.fixed(now.toInstant(ZoneOffset.UTC), ZoneOffset.UTC));
    }

    private Verdict verify(String label, JsonNode test, ChatTemplate template) throws IOException {
        JsonNode error = test.get("error");
        String kind = error == null ? "" : error.path("kind").asText();
        Verdict verdict = error == null
                ? rendering(label, test, template)
                : failure(label, test, template, kind.equals("raise_exception") ? error.path("message").asText() : null);
        // a type error of Python: an engine may be more lenient
        return kind.equals("python") ? verdict.asInformation() : verdict;
    }

    private Verdict rendering(String label, JsonNode test, ChatTemplate template) throws IOException {
        String want = CaseData.need(test, "rendered").asText();
        try {
            return Verdict.exact(name(), label, Difference.ofText("the text", render(test, template), want));
        } catch (RuntimeException | StackOverflowError e) {
            return Verdict.failed(name(), label, "first_difference", CaseData.message(e));
        }
    }

    /** @param message that the error must have; null for any */
    private Verdict failure(String label, JsonNode test, ChatTemplate template, @Nullable String message)
            throws IOException {
        String text;
        try {
            text = render(test, template);
        } catch (RealmException e) {
            String got = String.valueOf(e.getMessage());
            if (e.code() != ErrorCode.TEMPLATE_FAILED) {
                return Verdict.failed(name(), label, "first_difference", "fails as " + e.code() + ": " + got);
            }
            return Verdict.exact(name(), label, message == null ? null : Difference.ofText("the error", got, message));
        } catch (RuntimeException | StackOverflowError e) {
            return Verdict.failed(name(), label, "first_difference", "crashed: " + e);
        }
        return Verdict.failed(name(), label, "first_difference", "must be an error, renders " + Difference.shown(text, 0));
    }

    private static String render(JsonNode test, ChatTemplate template) throws IOException {
        Map<String, Object> context = CONTEXT.readValue(CaseData.need(test, "context"));
        return template.render(context);
    }
}
