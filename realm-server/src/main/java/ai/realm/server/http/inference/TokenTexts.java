package ai.realm.server.http.inference;

import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.charset.StandardCharsets;

/** Single tokens of a model as answers show them. */
public final class TokenTexts {
    /** What OpenAI's API writes for a token that cannot come. */
    private static final double IMPOSSIBLE = -9999;

    private final Vocab vocab;

    public TokenTexts(Tokenizer tokenizer) {
        this.vocab = tokenizer.vocab();
    }

    /** Its text; parts of characters are U+FFFD. */
    public String of(int id) {
        return new String(raw(id), StandardCharsets.UTF_8);
    }

    /** Its bytes as numbers. */
    public ArrayNode bytes(int id) {
        ArrayNode out = Json.mapper().createArrayNode();
        for (byte b : raw(id)) {
            out.add(b & 0xff);
        }
        return out;
    }

    private byte[] raw(int id) {
        return id < vocab.size() ? vocab.bytes(id) : new byte[0];
    }

    /** A log-probability as JSON can hold it. */
    public static double finite(float logProb) {
        return Float.isFinite(logProb) ? logProb : IMPOSSIBLE;
    }
}
