package ai.realm.server.http.openai;

import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import java.util.List;

/** OpenAI's completions or chat completions. */
public final class TextShape implements ApiShape {
    private final Api api;

    private TextShape(Api api) {
        this.api = api;
    }

    /** {@code POST /v1/completions}. */
    public static TextShape completions() {
        return new TextShape(Api.COMPLETIONS);
    }

    /** {@code POST /v1/chat/completions}. */
    public static TextShape chat() {
        return new TextShape(Api.CHAT);
    }

    @Override
    public List<String> paths() {
        return api.paths;
    }

    @Override
    public Asked read(JsonFields fields) {
        RequestReader.Read read = new RequestReader(api, fields).read();
        return new AskedText(api, read.request(), read.includeUsage(), read.legacy());
    }

    private record AskedText(Api api, GenerationRequest request, boolean includeUsage, boolean legacy)
            implements
                Asked {
        @Override
        public Answer answer(ValidRequest valid, Client client) {
            AnswerJson json = new AnswerJson(api, valid.model(), legacy);
            return valid.stream()
                    ? new StreamedAnswer(api, json, client.events(), valid.choices(), includeUsage)
                    : new WholeAnswer(json, valid.choices(), client::json);
        }
    }
}
