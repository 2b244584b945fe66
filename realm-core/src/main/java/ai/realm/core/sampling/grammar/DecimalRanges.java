package ai.realm.core.sampling.grammar;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the decimal numbers of a range as GBNF: plain ones, without an exponent, of at most 16 digits on either side of the point. */
final class DecimalRanges {
    private static final int MAX_DIGITS = 16;

    private DecimalRanges() {
    }

    /** One end of a range. */
    record Bound(BigDecimal value, boolean exclusive) {
        /** The stricter of two lower ends, or of two upper ends. */
        static @Nullable Bound stricter(@Nullable Bound a, @Nullable Bound b, boolean lower) {
            if (a == null || b == null) {
                return a == null ? b : a;
            }
            int order = lower ? a.value.compareTo(b.value) : b.value.compareTo(a.value);
            return order > 0 || order == 0 && a.exclusive ? a : b;
        }

        private Bound negated() {
            return new Bound(value.negate(), exclusive);
        }

        /** The digits before the point. */
        private long whole() {
            BigDecimal down = value.setScale(0, RoundingMode.FLOOR);
            if (down.precision() - down.scale() > MAX_DIGITS) {
                throw SchemaJson
                        .bad("a number's bound may have " + MAX_DIGITS + " digits before the point, not those of " + value);
            }
            return down.longValueExact();
        }

        /** The digits after the point, without zeros at the end. */
        private String fraction() {
            BigDecimal rest = value.subtract(value.setScale(0, RoundingMode.FLOOR)).stripTrailingZeros();
            if (rest.signum() == 0) {
                return "";
            }
            if (rest.scale() > MAX_DIGITS) {
                throw SchemaJson.bad("a number's bound may have " + MAX_DIGITS + " digits after the point, not " + value);
            }
            return rest.toPlainString().substring(2);
        }
    }

    /** Numbers from {@code low} to {@code high}, null for no bound; in parentheses. */
    static String between(@Nullable Bound low, @Nullable Bound high) {
        Bound zero = new Bound(BigDecimal.ZERO, false);
        List<String> out = new ArrayList<>();
        if (low == null || low.value.signum() < 0) {
            Bound least = high == null || high.value.signum() > 0 ? zero : high.negated();
            List<String> magnitudes = magnitudes(least, low == null ? null : low.negated());
            if (!magnitudes.isEmpty()) {
                out.add("\"-\" (" + String.join(" | ", magnitudes) + ")");
            }
        }
        if (high == null || high.value.signum() >= 0) {
            out.addAll(magnitudes(low == null || low.value.signum() < 0 ? zero : low, high));
        }
        if (out.isEmpty()) {
            throw SchemaJson.bad("no number lies in the range that minimum and maximum leave");
        }
        return "(" + String.join(" | ", out) + ")";
    }

    private static List<String> magnitudes(Bound low, @Nullable Bound high) {
        List<String> out = new ArrayList<>();
        long first = low.whole();
        if (high == null) {
            add(out, first, low, null);
            out.add("(" + String.join(" | ", IntegerRanges.magnitudes(first + 1, null)) + ") (\".\" [0-9]{1," + MAX_DIGITS
                    + "})?");
            return out;
        }
        long last = high.whole();
        if (last < first) {
            return out;
        }
        if (last == first) {
            add(out, first, low, high);
            return out;
        }
        add(out, first, low, null);
        if (last - first > 1) {
            out.add("(" + String.join(" | ", IntegerRanges.magnitudes(first + 1, last - 1)) + ") (\".\" [0-9]{1," + MAX_DIGITS
                    + "})?");
        }
        add(out, last, null, high);
        return out;
    }

    private static void add(List<String> out, long whole, @Nullable Bound low, @Nullable Bound high) {
        String tail = new Fractions(low, high).tail();
        if (tail != null) {
            out.add("\"" + whole + "\" " + tail);
        }
    }

    /** What may follow a whole part that is that of the bounds; a bound that is null does not hold here. */
    private static final class Fractions {
        private final @Nullable Bound low;
        private final @Nullable Bound high;
        private final String lowDigits;
        private final String highDigits;

        Fractions(@Nullable Bound low, @Nullable Bound high) {
            this.low = low;
            this.high = high;
            this.lowDigits = low == null ? "" : low.fraction();
            this.highDigits = high == null ? "" : high.fraction();
        }

        /** Null when nothing fits. */
        @Nullable
        String tail() {
            String digits = digits(0, low != null, high != null, false);
            if (digits == null) {
                return mayStop(0, low != null, high != null) ? "\"\"" : null;
            }
            return "(\".\" " + digits + ")" + (mayStop(0, low != null, high != null) ? "?" : "");
        }

        /** Whether the digits so far, with zeros after them, lie within. */
        private boolean mayStop(int at, boolean tightLow, boolean tightHigh) {
            boolean above = !tightLow || low == null || at >= lowDigits.length() && !low.exclusive;
            boolean below = !tightHigh || high == null || at < highDigits.length() || !high.exclusive;
            return above && below;
        }

        private static char digit(String digits, int at) {
            return at < digits.length() ? digits.charAt(at) : '0';
        }

        /** The digits from {@code at} on, or null when none fit; tight: equal to the bound so far. */
        private @Nullable String digits(int at, boolean tightLow, boolean tightHigh, boolean mayBeEmpty) {
            if (!tightLow && !tightHigh) {
                return "[0-9]{" + (mayBeEmpty ? 0 : 1) + "," + (MAX_DIGITS - at) + "}";
            }
            List<String> out = new ArrayList<>();
            if (mayBeEmpty && mayStop(at, tightLow, tightHigh)) {
                out.add("\"\"");
            }
            if (at < MAX_DIGITS) {
                char from = tightLow ? digit(lowDigits, at) : '0';
                char to = tightHigh ? digit(highDigits, at) : '9';
                char free = tightLow ? (char) (from + 1) : from;
                char freeTo = tightHigh ? (char) (to - 1) : to;
                if (tightLow && from <= to) {
                    step(out, from, from, at, true, tightHigh && from == to);
                }
                if (free <= freeTo) {
                    step(out, free, freeTo, at, false, false);
                }
                if (tightHigh && (!tightLow || to > from)) {
                    step(out, to, to, at, false, true);
                }
            }
            return out.isEmpty() ? null : "(" + String.join(" | ", out) + ")";
        }

        private void step(List<String> out, char from, char to, int at, boolean tightLow, boolean tightHigh) {
            String rest = digits(at + 1, tightLow, tightHigh, true);
            if (rest != null) {
                out.add("[" + from + "-" + to + "] " + rest);
            }
        }
    }
}
