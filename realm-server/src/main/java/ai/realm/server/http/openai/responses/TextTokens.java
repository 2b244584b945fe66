package ai.realm.server.http.openai.responses;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.openai.TokenObjects;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gives the parts of an answer the tokens that they are made of: tokens come before their text, and marks between the parts are tokens
 * of none. Text that the model did not write has none. Used under its answer's lock.
 */
final class TextTokens {
    /** Tokens that wait for their text; when there are more, text was changed on the way and the oldest have lost theirs. */
    private static final int MOST_WAITING = 512;

    private final Vocab vocab;
    private final TokenObjects objects;
    private final List<TokenLogProbs> waiting = new ArrayList<>();

    TextTokens(Vocab vocab, TokenObjects objects) {
        this.vocab = vocab;
        this.objects = objects;
    }

    void add(List<TokenLogProbs> tokens) {
        waiting.addAll(tokens);
        if (waiting.size() > MOST_WAITING) {
            waiting.subList(0, waiting.size() - MOST_WAITING).clear();
        }
    }

    /** The tokens that a part's next text is made of; those before them were marks. */
    ArrayNode take(String text) {
        ArrayNode out = Json.mapper().createArrayNode();
        byte[] wanted = text.getBytes(StandardCharsets.UTF_8);
        int[] ends = new int[waiting.size()];
        byte[] all = bytes(ends);
        int from = wanted.length == 0 ? -1 : indexOf(all, wanted);
        if (from < 0) {
            return out;
        }
        int taken = 0;
        for (int i = 0; i < ends.length && (i == 0 ? 0 : ends[i - 1]) < from + wanted.length; i++) {
            taken = i + 1;
            if (ends[i] > from) {
                objects.add(out, waiting.get(i));
            }
        }
        waiting.subList(0, taken).clear();
        return out;
    }

    private byte[] bytes(int[] ends) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < ends.length; i++) {
            int id = waiting.get(i).token();
            if (id < vocab.size()) {
                all.writeBytes(vocab.bytes(id));
            }
            ends[i] = all.size();
        }
        return all.toByteArray();
    }

    private static int indexOf(byte[] all, byte[] wanted) {
        for (int at = 0; at + wanted.length <= all.length; at++) {
            if (Arrays.equals(all, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        return -1;
    }
}
