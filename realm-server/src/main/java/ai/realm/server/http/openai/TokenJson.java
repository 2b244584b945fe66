package ai.realm.server.http.openai;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Detokenizer;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.server.http.inference.TokenTexts;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The log-probabilities of one choice as JSON: a list of objects in chat, lists side by side in completions. One thread at a time. */
final class TokenJson {
    private final Api api;
    private final AnswerOptions options;
    private final TokenTexts texts;
    private final TokenObjects objects;
    private final Detokenizer prompt;
    private final Detokenizer answer;
    private int offset;

    TokenJson(Api api, AnswerOptions options, Tokenizer tokenizer) {
        this.api = api;
        this.options = options;
        this.texts = new TokenTexts(tokenizer);
        this.objects = new TokenObjects(tokenizer, options.logProbs(), options.probabilities());
        this.prompt = tokenizer.detokenizer(true);
        this.answer = tokenizer.detokenizer(false);
    }

    /** An object without tokens, for {@link #add}. */
    ObjectNode empty() {
        ObjectNode out = Json.mapper().createObjectNode();
        if (api == Api.CHAT) {
            out.putArray("content");
            return out.putNull("refusal");
        }
        out.putArray("tokens");
        out.putArray("token_logprobs");
        out.putArray("top_logprobs");
        out.putArray("text_offset");
        return out;
    }

    /** The tokens of an echoed prompt, the first of which nothing comes before. */
    void addPrompt(ObjectNode to, int first, boolean added, List<TokenLogProbs> others) {
        row(to, texts.of(first), null, added ? "" : prompt.accept(first));
        others.forEach(t -> row(to, texts.of(t.token()), t, prompt.accept(t.token())));
        offset += prompt.finish().length();
    }

    /** An echoed prompt of which no log-probabilities are shown. */
    void skip(String text) {
        offset += text.length();
    }

    void add(ObjectNode to, List<TokenLogProbs> tokens) {
        for (TokenLogProbs t : tokens) {
            if (api == Api.CHAT) {
                objects.add(to.withArray("content"), t);
            } else {
                row(to, texts.of(t.token()), t, answer.accept(t.token()));
            }
        }
    }

    /** @param t null for the first token of a prompt */
    private void row(ObjectNode to, String token, @Nullable TokenLogProbs t, String text) {
        to.withArray("tokens").add(token);
        to.withArray("text_offset").add(offset);
        offset += text.length();
        ArrayNode logProbs = to.withArray("token_logprobs");
        ArrayNode tops = to.withArray("top_logprobs");
        if (t == null) {
            logProbs.addNull();
            tops.addNull();
            return;
        }
        logProbs.add(value(t.logProb()));
        ObjectNode top = tops.addObject();
        for (int i = 0; i < Math.min(options.logProbs(), t.topTokens().length); i++) {
            String name = texts.of(t.topTokens()[i]);
            if (!top.has(name)) {
                top.put(name, value(t.topLogProbs()[i]));
            }
        }
        if (!top.has(token)) {
            top.put(token, value(t.logProb()));
        }
    }

    private double value(float logProb) {
        return options.probabilities() ? Math.exp(logProb) : TokenTexts.finite(logProb);
    }

    /** vLLM's list for a prompt: nothing for the first token, then for each its own and the likeliest ones by their ids. */
    ArrayNode ofPrompt(List<TokenLogProbs> tokens) {
        ArrayNode out = Json.mapper().createArrayNode().addNull();
        for (TokenLogProbs t : tokens) {
            ObjectNode at = out.addObject();
            int rank = 0;
            for (int i = 0; i < Math.min(options.promptLogProbs(), t.topTokens().length); i++) {
                named(at, t.topTokens()[i], t.topLogProbs()[i], i + 1);
                rank = t.topTokens()[i] == t.token() ? i + 1 : rank;
            }
            if (rank == 0) {
                named(at, t.token(), t.logProb(), 0);
            }
        }
        return out;
    }

    /** @param rank from 1; 0 when it is not known */
    private void named(ObjectNode at, int id, float logProb, int rank) {
        ObjectNode token = at.putObject(String.valueOf(id)).put("logprob", TokenTexts.finite(logProb));
        if (rank > 0) {
            token.put("rank", rank);
        } else {
            token.putNull("rank");
        }
        token.put("decoded_token", texts.of(id));
    }
}
