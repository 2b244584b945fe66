package ai.realm.core.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * What tokens stand for in text: byte-level BPE writes each byte as a printable character, SentencePiece writes a space as
 * U+2581 and a byte as {@code <0xXX>}. Source: GPT-2's encoder (Radford et al. 2019) and SentencePiece.
 */
final class Pieces {
    private static final byte[] NOTHING = {};
    /** The character that stands for each byte, and back; -1 where a character stands for none. */
    private static final char[] CHAR_OF_BYTE = new char[256];
    private static final short[] BYTE_OF_CHAR = new short[512];

    static {
        Arrays.fill(BYTE_OF_CHAR, (short) -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= 0x21 && b <= 0x7E || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            CHAR_OF_BYTE[b] = (char) (printable ? b : next++);
            BYTE_OF_CHAR[CHAR_OF_BYTE[b]] = (short) b;
        }
    }

    private Pieces() {
    }

    /** The text that stands for one byte in a byte-level vocabulary. */
    static byte[] textOfByte(int b) {
        return String.valueOf(CHAR_OF_BYTE[b & 0xFF]).getBytes(StandardCharsets.UTF_8);
    }

    /** The text of the token that stands for one byte in a SentencePiece vocabulary. */
    static byte[] fallbackOfByte(int b) {
        return String.format("<0x%02X>", b & 0xFF).getBytes(StandardCharsets.US_ASCII);
    }

    static byte[][] of(byte[][] texts, Vocab.Kind[] kinds, TokenizerKind kind, boolean byteEncoded) {
        byte[][] out = new byte[texts.length][];
        for (int i = 0; i < texts.length; i++) {
            out[i] = switch (kinds[i]) {
                case CONTROL, UNKNOWN, USER_DEFINED -> texts[i];
                case NORMAL -> byteEncoded ? decoded(texts[i]) : unescaped(texts[i]);
                case BYTE -> kind == TokenizerKind.WORD_PIECE ? NOTHING : singleByte(texts[i]);
                case UNUSED -> NOTHING;
            };
        }
        return out;
    }

    private static byte[] singleByte(byte[] text) {
        if (text.length >= 5) {
            int high = Character.digit(text[3], 16);
            int low = Character.digit(text[4], 16);
            if (high >= 0 && low >= 0) {
                return new byte[]{(byte) (high << 4 | low)};
            }
        }
        return NOTHING;
    }

    private static byte[] unescaped(byte[] text) {
        byte[] out = new byte[text.length];
        int at = 0;
        for (int i = 0; i < text.length; i++) {
            if (i + 2 < text.length && text[i] == (byte) 0xE2 && text[i + 1] == (byte) 0x96 && text[i + 2] == (byte) 0x81) {
                out[at++] = ' ';
                i += 2;
            } else {
                out[at++] = text[i];
            }
        }
        return at == text.length ? text : Arrays.copyOf(out, at);
    }

    /** The bytes that a text of one- and two-byte characters stands for; the text itself where it stands for itself. */
    private static byte[] decoded(byte[] text) {
        byte[] out = new byte[text.length];
        int n = 0;
        for (int i = 0; i < text.length; i++) {
            int c = text[i];
            if (c < 0) {
                boolean pair = (c & 0xE0) == 0xC0 && i + 1 < text.length && (text[i + 1] & 0xC0) == 0x80;
                c = pair ? (c & 0x1F) << 6 | text[++i] & 0x3F : BYTE_OF_CHAR.length;
            }
            if (c >= BYTE_OF_CHAR.length || BYTE_OF_CHAR[c] < 0) {
                return withUnknownBytes(text, new String(text, StandardCharsets.UTF_8));
            }
            out[n++] = (byte) BYTE_OF_CHAR[c];
        }
        return n == text.length ? text : Arrays.copyOf(out, n);
    }

    /** What the reference shows for a token with characters that stand for no byte; no real text leads to such a token. */
    private static byte[] withUnknownBytes(byte[] text, String chars) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        chars.codePoints().forEach(cp -> {
            if (cp < BYTE_OF_CHAR.length && BYTE_OF_CHAR[cp] >= 0) {
                out.write(BYTE_OF_CHAR[cp]);
            } else {
                byte[] utf8 = Character.toString(cp).getBytes(StandardCharsets.UTF_8);
                out.writeBytes(("[UNK_BYTE_0x" + HexFormat.of().formatHex(utf8)).getBytes(StandardCharsets.US_ASCII));
                out.writeBytes(text);
                out.write(']');
            }
        });
        return out.toByteArray();
    }
}
