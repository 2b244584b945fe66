package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.json.Json;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An answer as llama.cpp's server writes its own: an object, an array of them for several prompts, or events. */
final class NativeAnswer implements Answer {
    /** A bias that no logit overcomes, which bans a token. */
    private static final float BAN = -1e8f;

    private final Client client;
    private final AnswerOptions options;
    private final List<String> shown;
    private final @Nullable SseStream stream;
    private final List<One> all = new ArrayList<>();

    /** What is known of one prompt's answer. */
    private static final class One {
        final StringBuilder text = new StringBuilder();
        final ArrayNode probabilities = Json.mapper().createArrayNode();
        int told;
        int predicted;
        /** Ids of the tokens that were not shown yet. */
        ArrayNode ids = Json.mapper().createArrayNode();
        FinishReason reason = FinishReason.STOP;
        final @Nullable TokenJson tokens;

        One(@Nullable TokenJson tokens) {
            this.tokens = tokens;
        }
    }

    /** @param shown names that the answer is to have alone; empty for all */
    NativeAnswer(Client client, AnswerOptions options, List<String> shown, boolean streamed) {
        this.client = client;
        this.shown = shown;
        this.options = options;
        this.stream = streamed ? client.events() : null;
        var tokenizer = client.prompt().tokenizer();
        for (int i = 0; i < client.request().choices(); i++) {
            all.add(new One(tokenizer == null || !options.wantsLogProbs() ? null : new TokenJson(Api.CHAT, options, tokenizer)));
        }
    }

    @Override
    public synchronized void piece(int index, String text) {
        One one = all.get(index);
        if (stream == null) {
            one.text.append(text);
            return;
        }
        ObjectNode event = Json.mapper().createObjectNode().put("index", index).put("content", text).put("stop", false);
        event.set("tokens", one.ids);
        one.ids = Json.mapper().createArrayNode();
        event.put("id_slot", 0).put("tokens_predicted", one.predicted).put("tokens_evaluated", client.promptTokens());
        if (options.timings()) {
            event.set("timings", client.timingsSoFar(one.predicted));
        }
        ArrayNode probabilities = one.probabilities;
        if (probabilities.size() > one.told) {
            ArrayNode more = event.putArray("completion_probabilities");
            for (; one.told < probabilities.size(); one.told++) {
                more.add(probabilities.get(one.told));
            }
        }
        stream.event(Json.bytes(event));
    }

    @Override
    public synchronized void logProbs(int index, List<TokenLogProbs> tokens) {
        One one = all.get(index);
        one.predicted += tokens.size();
        tokens.forEach(t -> one.ids.add(t.token()));
        if (one.tokens != null) {
            ObjectNode list = one.tokens.empty();
            one.tokens.add(list, tokens);
            one.probabilities.addAll((ArrayNode) list.get("content"));
        }
    }

    @Override
    public synchronized void end(int index, FinishReason reason) {
        all.get(index).reason = reason;
    }

    @Override
    public synchronized void finish(Usage usage) {
        if (stream != null) {
            stream.event(Json.bytes(shown(0, "", usage)));
            return;
        }
        if (all.size() == 1) {
            client.json(shown(0, all.getFirst().text.toString(), usage));
            return;
        }
        ArrayNode answers = Json.mapper().createArrayNode();
        for (int i = 0; i < all.size(); i++) {
            answers.add(shown(i, all.get(i).text.toString(), usage));
        }
        client.json(answers);
    }

    private ObjectNode shown(int index, String content, Usage usage) {
        ObjectNode whole = whole(index, content, usage);
        if (shown.isEmpty()) {
            return whole;
        }
        ObjectNode part = Json.mapper().createObjectNode();
        for (String name : shown) {
            JsonNode value = whole;
            for (String step : name.split("/", -1)) {
                value = value.path(step);
            }
            if (!value.isMissingNode()) {
                part.set(name, value);
            }
        }
        return part;
    }

    private ObjectNode whole(int index, String content, Usage usage) {
        One one = all.get(index);
        String stop = client.stopString();
        boolean limit = one.reason == FinishReason.LENGTH;
        ObjectNode out = Json.mapper().createObjectNode().put("index", index).put("content", content);
        out.set("tokens", one.ids);
        out.put("id_slot", 0).put("stop", true).put("model", client.request().model())
                .put("tokens_predicted", usage.generatedTokens()).put("tokens_evaluated", usage.promptTokens());
        ObjectNode settings = settings(client.request().params());
        biases(settings.putArray("logit_bias"), client.request().params());
        out.set("generation_settings", settings);
        out.put("prompt", client.prompt().text(index)).put("has_new_line", content.indexOf('\n') >= 0).put("truncated", false)
                .put("stop_type", limit ? "limit" : stop != null ? "word" : "eos").put("stopping_word", stop == null ? "" : stop)
                .put("tokens_cached", usage.cachedTokens());
        if (options.wantsLogProbs() && stream == null) {
            out.set("completion_probabilities", one.probabilities);
        }
        out.set("timings", client.timings(usage).json());
        return out;
    }

    /** Tokens that were made more or less likely; a bias without a number is one that a token cannot overcome. */
    private void biases(ArrayNode list, SamplingParams p) {
        var tokenizer = client.prompt().tokenizer();
        Samplers.biases(p, tokenizer).forEach((id, bias) -> bias(list, id, bias));
        if (p.tokenRules().ignoreEnd() && tokenizer != null) {
            tokenizer.vocab().endOfGenerationIds().forEach(id -> bias(list, id, Float.NEGATIVE_INFINITY));
        }
    }

    private static void bias(ArrayNode list, int id, float bias) {
        ObjectNode one = list.addObject().put("token", id);
        if (bias > BAN) {
            one.put("bias", bias);
        } else {
            one.putNull("bias");
        }
    }

    private static ObjectNode settings(SamplingParams p) {
        ObjectNode out = Json.mapper().createObjectNode().put("n_predict", p.maxTokens()).put("temperature", p.temperature())
                .put("top_k", p.topK()).put("top_p", p.topP()).put("min_p", p.minP()).put("typical_p", p.typicalP())
                .put("repeat_penalty", p.repetitionPenalty()).put("repeat_last_n", p.repeatWindow())
                .put("presence_penalty", p.presencePenalty()).put("frequency_penalty", p.frequencyPenalty())
                .put("top_n_sigma", p.extras().topNSigma()).put("xtc_probability", p.extras().xtcProbability())
                .put("dry_multiplier", p.extras().dryMultiplier()).put("mirostat", p.extras().mirostat());
        Long seed = p.seed();
        out.put("seed", seed == null ? -1 : seed);
        out.set("stop", Json.mapper().valueToTree(p.stopStrings()));
        return out;
    }

    @Override
    public boolean committed() {
        return stream != null && stream.committed();
    }

    @Override
    public void fail(RealmException error) {
        if (stream == null) {
            throw new IllegalStateException("nothing was sent, so the error is the answer", error);
        }
        stream.event(Json.bytes(ErrorBody.of(error)));
    }
}
