package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import java.util.List;

/**
 * What the client receives of a guest's work, in order: pieces that were passed on or emitted, then the text that {@code generate}
 * returned, without the part already sent if it begins with it.
 *
 * <p>A guest that sees tokens ({@code on_token} or {@code realm_host_emit}) decides about every piece itself, so its pieces count
 * whether the client streams or not: the answer is the same text either way. A guest that does not see them answers with the text
 * it returns; if that was streamed early, the text must begin with what was streamed, or the streamed answer would be another one
 * than the unstreamed.
 */
final class AnswerStream {
    private final boolean seesTokens;
    private final long maxBytes;
    private final Reader client;
    private final StringBuilder sent = new StringBuilder();
    /** What the last generation wrote, none of which has been sent. */
    private String unsent = "";
    private List<TokenLogProbs> unsentTokens = List.of();
    private long bytes;

    /** The client's side. */
    interface Reader {
        /** @param tokens the log-probabilities of what the model wrote of it */
        void text(String text, List<TokenLogProbs> tokens);

        void prompt(List<TokenLogProbs> tokens);
    }

    AnswerStream(boolean seesTokens, long maxBytes, Reader client) {
        this.seesTokens = seesTokens;
        this.maxBytes = maxBytes;
        this.client = client;
    }

    /** What the model makes of the prompt, which the guest left as it was. */
    void prompt(List<TokenLogProbs> tokens) {
        client.prompt(tokens);
    }

    /** A generation has ended of which nothing was sent: if the guest answers with its text, that text has these tokens. */
    void generated(String text, List<TokenLogProbs> tokens) {
        unsent = text;
        unsentTokens = tokens;
    }

    /** Sends a piece of the guest's own. */
    void send(String piece) {
        send(piece, List.of());
    }

    /** Sends a piece now. */
    void send(String piece, List<TokenLogProbs> tokens) {
        if (piece.isEmpty()) {
            if (!tokens.isEmpty()) {
                client.text(piece, tokens);
            }
            return;
        }
        long total = bytes + utf8Length(piece);
        if (total > maxBytes) {
            throw GuestLimit.OUTPUT_BYTES.reached(maxBytes + " bytes", total + " bytes");
        }
        bytes = total;
        sent.append(piece);
        client.text(piece, tokens);
    }

    /** Counts what goes to the client beside the text. */
    void charge(long more) {
        long total = bytes + more;
        if (total > maxBytes) {
            throw new AbiException(GuestLimit.OUTPUT_BYTES.reached(maxBytes + " bytes", total + " bytes"));
        }
        bytes = total;
    }

    /** Whether anything was sent. */
    boolean begun() {
        return bytes > 0;
    }

    /** The end: the text that the guest returned. */
    void finish(String answer) {
        int length = sent.length();
        if (answer.startsWith(sent.toString())) {
            sendRest(answer.substring(length));
        } else if (seesTokens) {
            sendRest(answer);
        } else {
            throw new RealmException(ErrorCode.GUEST_FAILED, "the guest's answer does not begin with the " + length
                    + " characters that were streamed while they were generated; a guest that changes the text afterwards must clear "
                    + "bit 0 (stream) of the options' flags before it generates");
        }
    }

    private void sendRest(String text) {
        send(text, text.equals(unsent) ? unsentTokens : List.of());
    }

    private static long utf8Length(String text) {
        return text.codePoints().mapToLong(c -> c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4).sum();
    }
}
