package ai.realm.server.http.ollama;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.EmbeddingRun;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Ollama's {@code POST /api/embed}, and {@code /api/embeddings}, its older form for one text. */
public final class EmbedHandler implements Handler {
    private static final int MAX_INPUTS = 2048;

    private final boolean older;
    private final EmbeddingRun run;
    private final RequestFrame frame;

    private EmbedHandler(boolean older, RequestFrame.Parts parts) {
        this.older = older;
        this.run = new EmbeddingRun(parts);
        this.frame = new RequestFrame(older ? "/api/embeddings" : "/api/embed", OllamaError.SHAPE, parts, this::serve);
    }

    public static EmbedHandler embed(RequestFrame.Parts parts) {
        return new EmbedHandler(false, parts);
    }

    public static EmbedHandler embeddings(RequestFrame.Parts parts) {
        return new EmbedHandler(true, parts);
    }

    @Override
    public void handle(Context ctx) {
        frame.handle(ctx);
    }

    /** @param dimensions null when not given */
    private record Wanted(@Nullable String model, List<String> texts,
            @Nullable Integer dimensions) implements EmbeddingRun.Wanted {
        @Override
        public void check(ModelLease lease) {
            if (!lease.isEncoder() || lease.isReranker()) {
                throw RealmException.badParam("model", "the model " + lease.name() + " does not support embeddings");
            }
        }

        @Override
        public Stream<Prompt> prompts(ModelLease lease) {
            return texts.stream().map(t -> new TextPrompt(t, false));
        }
    }

    private void serve(Admitted a) {
        long begun = System.nanoTime();
        Wanted wanted = read(a.fields());
        a.endOfFields();
        EmbeddingRun.Vectors vectors = run.of(wanted, a);
        ObjectNode answer = Json.mapper().createObjectNode();
        if (older) {
            answer.set("embedding", Json.mapper().valueToTree(vectors.all()[0]));
        } else {
            answer.put("model", vectors.model());
            answer.set("embeddings", Json.mapper().valueToTree(vectors.all()));
            answer.put("total_duration", System.nanoTime() - begun).put("load_duration", 0)
                    .put("prompt_eval_count", a.log().usage().promptTokens());
        }
        a.exchange().json(200, answer);
    }

    private Wanted read(JsonFields fields) {
        String model = fields.string("model");
        List<String> texts = older
                ? List.of(JsonFields.text(fields.require("prompt"), "prompt"))
                : texts(fields.require("input"));
        fields.hint("options");
        fields.hint("keep_alive");
        fields.hint("truncate");
        Long dimensions = fields.integer("dimensions", 0, 1 << 20);
        return new Wanted(model, texts, dimensions == null || dimensions == 0 ? null : dimensions.intValue());
    }

    private static List<String> texts(JsonNode input) {
        if (input.isTextual()) {
            return List.of(JsonFields.text(input, "input"));
        }
        if (!input.isArray()) {
            throw JsonFields.wrongType("input", "a string or an array of strings", input);
        }
        if (input.isEmpty() || input.size() > MAX_INPUTS) {
            throw RealmException.badParam("input", "input must hold 1 to " + MAX_INPUTS + " texts, not " + input.size());
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode text : input) {
            texts.add(JsonFields.text(text, "input[" + texts.size() + "]"));
        }
        return texts;
    }
}
