package ai.realm.server.http.anthropic;

import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import java.util.List;

/** Anthropic's {@code POST /v1/messages}. */
public final class MessagesShape implements ApiShape {
    static final ErrorShape ERRORS = AnthropicError::of;

    @Override
    public List<String> paths() {
        return List.of("/v1/messages");
    }

    @Override
    public ErrorShape errors() {
        return ERRORS;
    }

    @Override
    public Asked read(JsonFields fields) {
        return new AskedMessage(new MessagesReader(fields).read());
    }

    /** What is read of a question of how many tokens a request would have. */
    static GenerationRequest readToCount(JsonFields fields) {
        return new MessagesReader(fields).readToCount();
    }

    private record AskedMessage(GenerationRequest request) implements Asked {
        @Override
        public Answer answer(ValidRequest valid, Client client) {
            MessageJson json = new MessageJson(valid.model());
            return valid.stream() ? new StreamedMessage(json, client) : new WholeMessage(json, client);
        }
    }
}
