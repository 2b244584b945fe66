package ai.realm.runtime.guest;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Vocab;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Tokens as guests get them: 16 bytes each (id, log-probability, address and length of its bytes), and behind them their bytes. */
final class StepRecords {
    static final int RECORD = 16;

    private StepRecords() {
    }

    private static byte[] bytes(TokenLogProbs t, Vocab vocab) {
        return t.token() < vocab.size() && vocab.kind(t.token()) != Vocab.Kind.CONTROL ? vocab.bytes(t.token()) : new byte[0];
    }

    static int size(List<TokenLogProbs> tokens, Vocab vocab) {
        int size = 0;
        for (int i = 0; i < tokens.size(); i++) {
            size += size(tokens.get(i), vocab);
        }
        return size;
    }

    static int size(TokenLogProbs token, Vocab vocab) {
        return RECORD + bytes(token, vocab).length;
    }

    /** The first {@code count} for address {@code at}. */
    static byte[] write(List<TokenLogProbs> tokens, int count, Vocab vocab, long at) {
        ByteBuffer out = ByteBuffer.allocate(size(tokens.subList(0, count), vocab)).order(ByteOrder.LITTLE_ENDIAN);
        int text = RECORD * count;
        for (int i = 0; i < count; i++) {
            byte[] bytes = bytes(tokens.get(i), vocab);
            out.putInt(tokens.get(i).token()).putFloat(tokens.get(i).logProb()).putInt((int) at + text).putInt(bytes.length);
            out.put(text, bytes);
            text += bytes.length;
        }
        return out.array();
    }
}
