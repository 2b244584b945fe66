package ai.realm.core.sampling.grammar;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the decimal integers of a range as GBNF. */
final class IntegerRanges {
    /** Without a bound, integers have at most so many digits. */
    private static final int MAX_DIGITS = 16;

    private IntegerRanges() {
    }

    /** Integers from {@code min} to {@code max}, null for no bound; in parentheses. */
    static String between(@Nullable Long min, @Nullable Long max) {
        if (min != null && max != null && min > max) {
            throw SchemaJson.bad("minimum " + min + " must not exceed maximum " + max);
        }
        List<String> out = new ArrayList<>();
        if (min == null || min < 0) {
            // the magnitudes of the negative ones
            Long largest = min == null ? null : min == Long.MIN_VALUE ? Long.MAX_VALUE : (Long) (-min);
            long smallest = max == null || max >= -1 ? 1 : -max;
            out.add("\"-\" (" + String.join(" | ", magnitudes(smallest, largest)) + ")");
        }
        if (max == null || max >= 0) {
            out.addAll(magnitudes(min == null || min < 0 ? 0 : min, max));
        }
        return "(" + String.join(" | ", out) + ")";
    }

    static List<String> magnitudes(long from, @Nullable Long to) {
        List<String> out = new ArrayList<>();
        String low = Long.toString(from);
        if (to == null) {
            String nines = "9".repeat(low.length());
            sameLength(low, nines, "", out);
            if (low.length() < MAX_DIGITS) {
                out.add("[1-9] [0-9]{" + low.length() + "," + (MAX_DIGITS - 1) + "}");
            }
            return out;
        }
        String high = Long.toString(to);
        for (int digits = low.length(); digits <= high.length(); digits++) {
            String first = digits == low.length() ? low : "1" + "0".repeat(digits - 1);
            String last = digits == high.length() ? high : "9".repeat(digits);
            sameLength(first, last, "", out);
        }
        return out;
    }

    /** Numbers between two of as many digits. */
    private static void sameLength(String low, String high, String prefix, List<String> out) {
        if (low.isEmpty()) {
            out.add("\"" + prefix + "\"");
            return;
        }
        char a = low.charAt(0);
        char b = high.charAt(0);
        String restLow = low.substring(1);
        String restHigh = high.substring(1);
        if (a == b) {
            sameLength(restLow, restHigh, prefix + a, out);
            return;
        }
        int rest = restLow.length();
        boolean wholeLow = restLow.equals("0".repeat(rest));
        boolean wholeHigh = restHigh.equals("9".repeat(rest));
        if (!wholeLow) {
            sameLength(restLow, "9".repeat(rest), prefix + a, out);
        }
        char first = wholeLow ? a : (char) (a + 1);
        char last = wholeHigh ? b : (char) (b - 1);
        if (first <= last) {
            out.add((prefix.isEmpty() ? "" : "\"" + prefix + "\" ") + "[" + first + "-" + last + "]"
                    + (rest > 0 ? " [0-9]{" + rest + "}" : ""));
        }
        if (!wholeHigh) {
            sameLength("0".repeat(rest), restHigh, prefix + b, out);
        }
    }
}
