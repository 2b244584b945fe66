package ai.realm.server.http.ollama;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.After;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Infill;
import ai.realm.server.http.inference.GenerationRequest.Input;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.inference.GenerationRequest.Prompts;
import ai.realm.server.http.inference.GenerationRequest.Text;
import ai.realm.server.http.inference.PromptInputs;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ollama's {@code POST /api/generate}. */
public final class GenerateShape implements ApiShape {
    @Override
    public List<String> paths() {
        return List.of("/api/generate");
    }

    @Override
    public ErrorShape errors() {
        return OllamaError.SHAPE;
    }

    @Override
    public Asked read(JsonFields fields) {
        long begun = System.nanoTime();
        String model = fields.string("model");
        String prompt = fields.string("prompt");
        String system = fields.string("system");
        boolean raw = Boolean.TRUE.equals(fields.bool("raw"));
        JsonNode context = fields.take("context");
        Options options = Options.read(fields);
        boolean stream = !Boolean.FALSE.equals(fields.bool("stream"));
        fields.hint("keep_alive");
        fields.hint("think");
        fields.refuse("images", v -> v.isArray() && v.isEmpty(), ": the model takes no images");
        fields.refuse("template", GenerateShape::isBlank,
                ": the model's own template is used; set raw to write the whole prompt");
        String suffix = fields.string("suffix");
        if (raw && context != null) {
            throw RealmException.badParam("context", "context and raw must not be given together");
        }
        String text = prompt == null ? "" : prompt;
        Input input = suffix != null && !suffix.isEmpty()
                ? new Infill(text, suffix, List.of())
                : raw ? new Prompts(List.of(new Text(text))) : chat(text, system, context);
        return new AskedText(new GenerationRequest(model, input, options.maxTokens(), options.sampling(), 1, null, stream,
                fields.node()), text.isEmpty(), raw, begun);
    }

    private static boolean isBlank(JsonNode value) {
        return value.isTextual() && value.textValue().isEmpty();
    }

    private static Input chat(String prompt, @Nullable String system, @Nullable JsonNode context) {
        Message user = new Message("user", prompt);
        Chat chat = new Chat(system == null ? List.of(user) : List.of(new Message("system", system), user));
        if (context == null || context.isArray() && context.isEmpty()) {
            return chat;
        }
        return new After(PromptInputs.ids(context, "context"), chat);
    }

    private record AskedText(GenerationRequest request, boolean empty, boolean raw, long begun) implements Asked {
        @Override
        public @Nullable ObjectNode withoutRun(String model) {
            return empty ? new Reply(false, model, begun).loadedOnly() : null;
        }

        @Override
        public Answer answer(ValidRequest valid, Client client) {
            return new ReplyAnswer(new Reply(false, valid.model(), begun), client, valid.stream(), !raw);
        }
    }
}
