package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Rewrites text as the unigram model was trained to see it: replaces what the file's map of characters lists, and joins, escapes
 * and adds spaces. The map is a compact double array (Kanda 2018) from prefixes to replacements. Immutable.
 */
final class UnigramNormalizer {
    private static final String MAP_KEY = VocabKeys.PREFIX + "precompiled_charsmap";
    private static final byte[] ESCAPED_SPACE = "\u2581".getBytes(StandardCharsets.UTF_8);

    private final boolean addSpace;
    private final boolean joinSpaces;
    private final int[] nodes;
    private final byte[] replacements;
    private final Trie userDefined = new Trie(64);

    UnigramNormalizer(GgufFile gguf, GgufVocab vocab, boolean addSpace) {
        this.addSpace = addSpace;
        joinSpaces = gguf.boolOr(VocabKeys.PREFIX + "remove_extra_whitespaces", false);
        for (int id = 0; id < vocab.size(); id++) {
            if (vocab.kind(id) == Vocab.Kind.USER_DEFINED) {
                userDefined.put(vocab.text(id), id);
            }
        }
        byte[] map = map(gguf);
        int size = map.length == 0 ? 0 : intAt(map, 0);
        if (size < 0 || map.length > 0 && size >= map.length - 4) {
            throw new GgufException("key " + MAP_KEY + " claims " + size + " bytes of nodes where " + (map.length - 4) + " are",
                    -1);
        }
        nodes = new int[size / 4];
        for (int i = 0; i < nodes.length; i++) {
            nodes[i] = intAt(map, 4 + 4 * i);
        }
        int rest = map.length == 0 ? 0 : map.length - 4 - size;
        replacements = new byte[rest];
        System.arraycopy(map, map.length - rest, replacements, 0, rest);
    }

    private static byte[] map(GgufFile gguf) {
        if (!gguf.has(MAP_KEY)) {
            return new byte[0];
        }
        if (!(gguf.array(MAP_KEY).values() instanceof long[] values) || values.length < 4) {
            throw new GgufException("key " + MAP_KEY + " must be an array of at least 4 bytes", -1);
        }
        byte[] out = new byte[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) values[i];
        }
        return out;
    }

    private static int intAt(byte[] b, int i) {
        return b[i] & 0xFF | (b[i + 1] & 0xFF) << 8 | (b[i + 2] & 0xFF) << 16 | (b[i + 3] & 0xFF) << 24;
    }

    byte[] normalize(SourceText source, int from, int to) {
        Output out = new Output(to - from);
        byte[] text = source.utf8();
        for (int at = from; at < to;) {
            int end = userDefinedEnd(source, at, to);
            if (end > at) {
                out.add(text, at, end);
            } else {
                end = replaced(text, at, to, out);
            }
            at = end;
        }
        return out.bytes.toByteArray();
    }

    /** The end of the furthest walk into a user-defined token, or {@code at}. */
    private int userDefinedEnd(SourceText source, int at, int to) {
        int node = 0;
        int i = at;
        while (i < to) {
            node = userDefined.child(node, source.utf8()[i] & 0xFF);
            if (node < 0 || source.barrierInside(at, i + 1)) {
                break;
            }
            i++;
        }
        return i;
    }

    /** Writes the replacement of the longest prefix that the map knows, or one character as it is; gives the place after it. */
    private int replaced(byte[] text, int at, int to, Output out) {
        int end = at;
        int replacement = 0;
        if (nodes.length > 0) {
            int node = base(0);
            for (int i = at; i < to && text[i] != 0; i++) {
                int c = text[i] & 0xFF;
                node ^= c;
                if ((node(node) & (1 << 31 | 0xFF)) != c) {
                    break;
                }
                boolean leaf = (node(node) >>> 8 & 1) == 1;
                node ^= base(node);
                if (leaf) {
                    end = i + 1;
                    replacement = node(node) & Integer.MAX_VALUE;
                }
            }
        }
        if (end > at) {
            out.add(replacements, replacement, replacementEnd(replacement));
            return end;
        }
        end = Math.min(at + SourceText.charLength(text[at]), to);
        out.add(text, at, end);
        return end;
    }

    private int replacementEnd(int from) {
        int end = from;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        if (end >= replacements.length) {
            throw new GgufException("key " + MAP_KEY + " has a replacement at " + from + " without an end", -1);
        }
        return end;
    }

    private int node(int i) {
        if (i < 0 || i >= nodes.length) {
            throw new GgufException("key " + MAP_KEY + " leads to node " + Integer.toUnsignedString(i) + " of " + nodes.length,
                    -1);
        }
        return nodes[i];
    }

    private int base(int i) {
        int packed = node(i);
        return packed >>> 10 << ((packed & 1 << 9) >>> 6);
    }

    /** Normalized text with its spaces put right. */
    private final class Output {
        private final ByteArrayOutputStream bytes;
        private boolean prefixed;
        private boolean inWord;

        Output(int expected) {
            bytes = new ByteArrayOutputStream(expected + 16);
        }

        void add(byte[] text, int from, int to) {
            for (int i = from; i < to; i++) {
                if (text[i] != ' ') {
                    if (!inWord) {
                        inWord = true;
                        if (addSpace && !prefixed || joinSpaces) {
                            bytes.writeBytes(ESCAPED_SPACE);
                            prefixed = true;
                        }
                    }
                    bytes.write(text[i]);
                } else {
                    inWord = false;
                    if (!joinSpaces) {
                        bytes.writeBytes(ESCAPED_SPACE);
                    }
                }
            }
        }
    }
}
