package ai.realm.server.http.openai;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.server.http.inference.TokenTexts;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Tokens with their log-probabilities as chat and Responses write them: an object each, with the likeliest others. Thread-safe. */
public final class TokenObjects {
    private final TokenTexts texts;
    private final int likeliest;
    private final boolean probabilities;

    /**
     * @param likeliest tokens shown with each
     * @param probabilities whether they are probabilities after the samplers
     */
    public TokenObjects(Tokenizer tokenizer, int likeliest, boolean probabilities) {
        this.texts = new TokenTexts(tokenizer);
        this.likeliest = likeliest;
        this.probabilities = probabilities;
    }

    public void add(ArrayNode list, TokenLogProbs t) {
        ObjectNode token = token(list.addObject(), t.token(), t.logProb());
        ArrayNode top = token.putArray(probabilities ? "top_probs" : "top_logprobs");
        for (int i = 0; i < Math.min(likeliest, t.topTokens().length); i++) {
            token(top.addObject(), t.topTokens()[i], t.topLogProbs()[i]);
        }
    }

    private ObjectNode token(ObjectNode out, int id, float logProb) {
        out.put("id", id).put("token", texts.of(id)).set("bytes", texts.bytes(id));
        return probabilities ? out.put("prob", Math.exp(logProb)) : out.put("logprob", TokenTexts.finite(logProb));
    }
}
