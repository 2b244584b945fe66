package ai.realm.core.sampling.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tokens as a tree of the bytes that they begin with: a node for each byte, each before those below it, so that a walk goes from left to
 * right and passes over everything below a dead end. A node knows of all that is below it which characters there are, so that a walk can
 * also pass over what is surely wanted. Immutable.
 */
final class TokenTrie {
    /** What is below with fewer tokens is walked. */
    private static final int WORTH = 6;
    private static final int BEGINS = 128;
    private static final int CONTINUES = 129;
    private static final int NO_TEXT = -1;

    /**
     * Characters of texts.
     *
     * @param low ASCII below 64, a bit each
     * @param high the rest of ASCII
     * @param beyond whether there are others
     * @param most of them one after the other
     * @param text whether all is text, whole or up to within its last character
     */
    record Characters(long low, long high, boolean beyond, int most, boolean text) {
        static final Characters NONE = new Characters(0, 0, false, 0, true);

        Characters and(Characters o) {
            return o == NONE
                    ? this
                    : new Characters(low | o.low, high | o.high, beyond | o.beyond, Math.max(most, o.most), text & o.text);
        }

        /** With a byte before it. */
        Characters after(int unit) {
            return switch (unit) {
                case NO_TEXT -> new Characters(low, high, beyond, most, false);
                case CONTINUES -> this;
                case BEGINS -> new Characters(low, high, true, most + 1, text);
                default -> new Characters(unit < 64 ? low | 1L << unit : low, unit < 64 ? high : high | 1L << unit, beyond,
                        most + 1, text);
            };
        }
    }

    /** By node: its byte, and how many are before it. */
    final byte[] bytes;
    final int[] depth;
    /** By node: the node after all that is below it. */
    final int[] end;
    /** By node: how many tokens there are before those that end at it. The next node's is how many there are after those. */
    final int[] first;
    private final int[] below;
    private final Characters[] sets;

    /** @param tokens in the order of their bytes, none of them empty */
    TokenTrie(byte[][] tokens) {
        int count = 0;
        for (int i = 0; i < tokens.length; i++) {
            count += tokens[i].length - common(tokens, i);
        }
        bytes = new byte[count];
        depth = new int[count];
        end = new int[count];
        first = new int[count + 1];
        below = new int[count];
        int n = 0;
        for (int i = 0; i < tokens.length; i++) {
            for (int at = common(tokens, i); at < tokens[i].length; at++) {
                bytes[n] = tokens[i][at];
                depth[n] = at;
                first[n] = i;
                n++;
            }
        }
        first[count] = tokens.length;
        findEnds();
        sets = describe();
    }

    private static int common(byte[][] tokens, int i) {
        if (i == 0) {
            return 0;
        }
        int mismatch = Arrays.mismatch(tokens[i - 1], tokens[i]);
        return mismatch < 0 ? tokens[i].length : mismatch;
    }

    int size() {
        return bytes.length;
    }

    /** What is below a node; null when that is too little to be worth a look. */
    @Nullable
    Characters below(int node) {
        return below[node] < 0 ? null : sets[below[node]];
    }

    /** The first node at the top with this byte or a larger one. */
    int firstFrom(int firstByte) {
        int n = 0;
        while (n < bytes.length && (bytes[n] & 255) < firstByte) {
            n = end[n];
        }
        return n;
    }

    private void findEnds() {
        int[] open = new int[Arrays.stream(depth).max().orElse(0) + 1];
        int count = 0;
        for (int n = 0; n < bytes.length; n++) {
            while (count > depth[n]) {
                end[open[--count]] = n;
            }
            open[count++] = n;
        }
        while (count > 0) {
            end[open[--count]] = bytes.length;
        }
    }

    /** From the last node to the first, so that what is below one is known. */
    private Characters[] describe() {
        int[] units = units();
        Map<Characters, Integer> numbers = new HashMap<>();
        // by depth, what the nodes there have that were seen since one above them
        Characters[] seen = new Characters[Arrays.stream(depth).max().orElse(0) + 3];
        Arrays.fill(seen, Characters.NONE);
        for (int n = bytes.length - 1; n >= 0; n--) {
            int d = depth[n];
            Characters under = seen[d + 1];
            seen[d + 1] = Characters.NONE;
            below[n] = first[end[n]] - first[n + 1] < WORTH ? -1 : numbers.computeIfAbsent(under, u -> numbers.size());
            seen[d] = under.after(units[n]).and(seen[d]);
        }
        Characters[] out = new Characters[numbers.size()];
        numbers.forEach((set, number) -> out[number] = set);
        return out;
    }

    /** By node: the ASCII character that its byte is, or that it begins or continues another one, or that it is no text. */
    private int[] units() {
        int[] out = new int[bytes.length];
        int levels = Arrays.stream(depth).max().orElse(0) + 2;
        // by depth, after the byte before: bytes that the character still wants, and what the next of them may be; -1 is no text
        int[] missing = new int[levels];
        int[] least = new int[levels];
        int[] most = new int[levels];
        for (int n = 0; n < bytes.length; n++) {
            int d = depth[n];
            int b = bytes[n] & 255;
            least[d + 1] = 0x80;
            most[d + 1] = 0xBF;
            if (missing[d] > 0) {
                boolean fits = b >= least[d] && b <= most[d];
                missing[d + 1] = fits ? missing[d] - 1 : -1;
                out[n] = fits ? CONTINUES : NO_TEXT;
            } else {
                int length = b < 0x80
                        ? 0
                        : b >= 0xC2 && b < 0xE0 ? 1 : b >= 0xE0 && b < 0xF0 ? 2 : b >= 0xF0 && b < 0xF5 ? 3 : -1;
                missing[d + 1] = missing[d] < 0 ? -1 : length;
                out[n] = missing[d + 1] < 0 ? NO_TEXT : length == 0 ? b : BEGINS;
                least[d + 1] = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
                most[d + 1] = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
            }
        }
        return out;
    }
}
