package ai.realm.server.http.ollama;

import ai.realm.core.chat.tools.ToolCall;
import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Message;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Ollama's {@code POST /api/chat}. */
public final class ChatShape implements ApiShape {
    private static final int MAX_MESSAGES = 4096;

    @Override
    public List<String> paths() {
        return List.of("/api/chat");
    }

    @Override
    public ErrorShape errors() {
        return OllamaError.SHAPE;
    }

    @Override
    public Asked read(JsonFields fields) {
        long begun = System.nanoTime();
        String model = fields.string("model");
        List<Message> messages = messages(fields.take("messages"));
        Options options = Options.read(fields);
        boolean stream = !Boolean.FALSE.equals(fields.bool("stream"));
        fields.hint("keep_alive");
        Chat chat = new Chat(messages, "", ChatTools.read(fields), ChatTools.thinking(fields), Map.of());
        return new AskedChat(new GenerationRequest(model, chat, options.maxTokens(), options.sampling(), 1, null,
                stream, fields.node()), begun);
    }

    private static List<Message> messages(@Nullable JsonNode array) {
        List<Message> messages = new ArrayList<>();
        if (array == null) {
            return messages;
        }
        if (!array.isArray()) {
            throw JsonFields.wrongType("messages", "an array", array);
        }
        if (array.size() > MAX_MESSAGES) {
            throw RealmException.badParam("messages", "messages may hold " + MAX_MESSAGES + " messages, not " + array.size());
        }
        for (JsonNode m : array) {
            messages.add(message(JsonFields.of(m, "messages[" + messages.size() + "]")));
        }
        return messages;
    }

    private static Message message(JsonFields m) {
        String role = JsonFields.text(m.require("role"), m.path("role"));
        if (!List.of("system", "user", "assistant", "tool").contains(role)) {
            throw RealmException.badParam(m.path("role"), m.path("role") + " must be system, user, assistant or tool");
        }
        m.refuse("images", v -> v.isArray() && v.isEmpty(), ": the model takes no images");
        String content = m.string("content");
        String name = m.string("tool_name");
        String id = m.string("tool_call_id");
        List<ToolCall> calls = ChatTools.calls(m.take("tool_calls"), m.path("tool_calls"));
        return new Message(role, content == null ? "" : content, m.string("thinking"), calls,
                role.equals("tool") ? id != null ? id : name == null ? "" : name : null, name);
    }

    private record AskedChat(GenerationRequest request, long begun) implements Asked {
        @Override
        public @Nullable ObjectNode withoutRun(String model) {
            return ((Chat) request.input()).messages().isEmpty() ? new Reply(true, model, begun).loadedOnly() : null;
        }

        @Override
        public Answer answer(ValidRequest valid, Client client) {
            return new ReplyAnswer(new Reply(true, valid.model(), begun), client, valid.stream(), false);
        }
    }
}
