package ai.realm.runtime.session;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds stop strings in text that comes in pieces, and holds back what may yet become one. The string that is complete first wins,
 * so that the result does not depend on how the text was cut into pieces; of those complete at the same place the one that began
 * first. Time is linear in the text for each stop string (Knuth, Morris and Pratt). Not thread-safe.
 */
final class StopMatcher {
    private final String[] stops;
    private final int[][] fallbacks;
    /** Characters of each stop string that the text so far ends with. */
    private final int[] matched;
    private final StringBuilder held = new StringBuilder();
    private @Nullable String found;

    /** @param stopStrings none of them empty */
    StopMatcher(List<String> stopStrings) {
        stops = stopStrings.toArray(String[]::new);
        fallbacks = new int[stops.length][];
        matched = new int[stops.length];
        for (int i = 0; i < stops.length; i++) {
            fallbacks[i] = fallback(stops[i]);
        }
    }

    /** For each length of a match, the length of the next shorter one. */
    private static int[] fallback(String stop) {
        int[] out = new int[stop.length() + 1];
        int k = 0;
        for (int i = 1; i < stop.length(); i++) {
            while (k > 0 && stop.charAt(i) != stop.charAt(k)) {
                k = out[k];
            }
            if (stop.charAt(i) == stop.charAt(k)) {
                k++;
            }
            out[i + 1] = k;
        }
        return out;
    }

    /** Whether a stop string is complete; nothing that comes after is text. */
    boolean found() {
        return found != null;
    }

    /** The stop string that is complete, or null. */
    @Nullable
    String foundString() {
        return found;
    }

    /** The text that became certain with this piece; may be empty. */
    String accept(String piece) {
        if (found() || stops.length == 0) {
            return found() ? "" : piece;
        }
        for (int i = 0; i < piece.length() && !found(); i++) {
            accept(piece.charAt(i));
        }
        return release(found() ? held.length() : held.length() - longestMatch());
    }

    private void accept(char c) {
        held.append(c);
        int complete = -1;
        for (int s = 0; s < stops.length; s++) {
            int k = matched[s];
            while (k > 0 && (k == stops[s].length() || stops[s].charAt(k) != c)) {
                k = fallbacks[s][k];
            }
            if (stops[s].charAt(k) == c) {
                k++;
            }
            matched[s] = k;
            if (k == stops[s].length() && (complete < 0 || k > stops[complete].length())) {
                complete = s;
            }
        }
        if (complete >= 0) {
            found = stops[complete];
            held.setLength(held.length() - stops[complete].length());
        }
    }

    private int longestMatch() {
        int longest = 0;
        for (int k : matched) {
            longest = Math.max(longest, k);
        }
        return longest;
    }

    private String release(int chars) {
        String out = held.substring(0, chars);
        held.delete(0, chars);
        return out;
    }

    /** What was held back, at the end of the text. */
    String finish() {
        return release(held.length());
    }
}
