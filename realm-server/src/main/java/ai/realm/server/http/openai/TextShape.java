package ai.realm.server.http.openai;

import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import java.util.ArrayList;
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
        return new AskedText(api, read.request(), read.options());
    }

    private record AskedText(Api api, GenerationRequest request, AnswerOptions options) implements Asked {
        @Override
        public Answer answer(ValidRequest valid, Client client) {
            AnswerJson json = new AnswerJson(api, options, client);
            List<ChoiceState> choices = new ArrayList<>();
            for (int i = 0; i < valid.choices(); i++) {
                choices.add(new ChoiceState(api, options, client, i));
            }
            return valid.stream()
                    ? new StreamedAnswer(json, client.events(), choices, options)
                    : new WholeAnswer(json, choices, valid.n(), options.keep(), client::json);
        }
    }
}
