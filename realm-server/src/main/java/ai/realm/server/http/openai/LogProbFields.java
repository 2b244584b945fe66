package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;

/** What a request says of log-probabilities: a switch and a number in chat, a number in completions. */
final class LogProbFields {
    private static final int MOST = SamplingParams.MOST_LOG_PROBS;

    private LogProbFields() {
    }

    /** Likeliest tokens to show with each token of the answer; -1 for no log-probabilities. */
    static int read(Api api, JsonFields fields) {
        return api == Api.CHAT ? chat(fields) : completions(fields);
    }

    private static int chat(JsonFields fields) {
        Boolean on = fields.bool("logprobs");
        Long top = fields.integer("top_logprobs", 0, MOST);
        if (top != null && top > 0 && !Boolean.TRUE.equals(on)) {
            throw RealmException.badParam("top_logprobs", "top_logprobs must not be given without logprobs: true");
        }
        return !Boolean.TRUE.equals(on) ? AnswerOptions.NONE : top == null ? 0 : top.intValue();
    }

    private static int completions(JsonFields fields) {
        JsonNode given = fields.take("logprobs");
        if (given == null || given.isBoolean()) {
            return given == null || !given.booleanValue() ? AnswerOptions.NONE : 0;
        }
        return (int) JsonFields.integer(given, "logprobs", 0, MOST);
    }

    /** vLLM's: likeliest tokens to show with each token of the prompt; -1 when it is absent or false. */
    static int ofPrompt(JsonFields fields) {
        JsonNode given = fields.take("prompt_logprobs");
        if (given == null || given.isBoolean()) {
            return given == null || !given.booleanValue() ? AnswerOptions.NONE : 0;
        }
        return (int) JsonFields.integer(given, "prompt_logprobs", 0, MOST);
    }
}
