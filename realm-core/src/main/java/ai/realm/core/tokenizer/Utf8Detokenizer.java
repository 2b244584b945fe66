package ai.realm.core.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Decodes the bytes of tokens as they come and holds an unfinished character back. */
final class Utf8Detokenizer implements Detokenizer {
    private static final byte[] NOTHING = {};

    private final GgufVocab vocab;
    private final boolean showSpecial;
    private final Set<Integer> shown;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] pending = NOTHING;

    Utf8Detokenizer(GgufVocab vocab, boolean showSpecial, Set<Integer> shown) {
        this.vocab = vocab;
        this.showSpecial = showSpecial;
        this.shown = shown;
    }

    @Override
    public String accept(int tokenId) {
        byte[] piece = vocab.bytes(tokenId);
        return showSpecial || !vocab.isHidden(tokenId) || shown.contains(tokenId) ? decode(piece, false) : "";
    }

    @Override
    public String finish() {
        String rest = decode(NOTHING, true);
        decoder.reset();
        return rest;
    }

    private String decode(byte[] piece, boolean last) {
        ByteBuffer in = ByteBuffer.allocate(pending.length + piece.length).put(pending).put(piece).flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
        decoder.decode(in, out, last);
        if (last) {
            decoder.flush(out);
        }
        pending = new byte[in.remaining()];
        in.get(pending);
        return out.flip().toString();
    }
}
