package ai.realm.core.sampling.grammar;

import ai.realm.core.sampling.grammar.DecimalRanges.Bound;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the multiples of a number as GBNF. In a range with both ends they are listed. Else the digits are read as a division reads
 * them, with a rule for every remainder and place after the point.
 */
final class Multiples {
    private static final int MAX_STATES = 1000;
    private static final int MAX_PLACES = 9;
    private static final int MAX_LISTED = 2000;

    /** Where rules go: a name first, since rules refer to each other, then its body. */
    interface Rules {
        String reserve();

        void set(String name, String body);
    }

    /** What has been read: digits after the point, and the remainder of all digits. */
    private record State(int places, int remainder) {}

    /** The divisor is {@code whole} over ten to the {@code places}. */
    private final int whole;
    private final int places;
    private final Rules rules;
    private final Map<State, String> names = new HashMap<>();
    private final Deque<State> open = new ArrayDeque<>();

    private Multiples(int whole, int places, Rules rules) {
        this.whole = whole;
        this.places = places;
        this.rules = rules;
    }

    /** Multiples from {@code low} to {@code high}, null for no bound. */
    static String of(BigDecimal divisor, @Nullable Bound low, @Nullable Bound high, Rules rules) {
        if (divisor.signum() <= 0) {
            throw SchemaJson.bad("multipleOf must be above 0, not " + divisor);
        }
        if (low != null && high != null) {
            return listed(divisor, low, high);
        }
        BigDecimal d = divisor.stripTrailingZeros();
        int places = Math.max(0, d.scale());
        BigInteger whole = d.movePointRight(places).toBigIntegerExact();
        if (places > MAX_PLACES || whole.bitLength() > 30 || whole.longValueExact() * (places + 1) > MAX_STATES) {
            throw SchemaJson.bad("multipleOf " + divisor + " is supported only between a minimum and a maximum");
        }
        Multiples m = new Multiples(whole.intValueExact(), places, rules);
        Bound end = low != null ? low : high;
        if (end == null) {
            return m.signed(true, true, false);
        }
        Bound zero = nearZero(end, divisor);
        if (zero.value().signum() != 0) {
            throw SchemaJson.bad("multipleOf with a minimum or a maximum alone is supported where that is 0");
        }
        return m.signed(low == null, low != null, zero.exclusive());
    }

    /** No multiple lies between 0 and the first: a bound there is one of above or below 0. */
    private static Bound nearZero(Bound bound, BigDecimal divisor) {
        int order = bound.value().abs().compareTo(divisor);
        boolean within = bound.value().signum() != 0 && (order < 0 || order == 0 && !bound.exclusive());
        return within ? new Bound(BigDecimal.ZERO, true) : bound;
    }

    private static String listed(BigDecimal divisor, Bound low, Bound high) {
        BigInteger first = low.value().divide(divisor, 0, RoundingMode.CEILING).toBigInteger();
        BigInteger last = high.value().divide(divisor, 0, RoundingMode.FLOOR).toBigInteger();
        first = low.exclusive() && divisor.multiply(new BigDecimal(first)).compareTo(low.value()) == 0
                ? first.add(BigInteger.ONE)
                : first;
        last = high.exclusive() && divisor.multiply(new BigDecimal(last)).compareTo(high.value()) == 0
                ? last.subtract(BigInteger.ONE)
                : last;
        BigInteger count = last.subtract(first).add(BigInteger.ONE);
        if (count.signum() <= 0) {
            throw SchemaJson.bad("no multiple of " + divisor + " lies between minimum and maximum");
        }
        if (count.compareTo(BigInteger.valueOf(MAX_LISTED)) > 0) {
            throw SchemaJson
                    .bad("between minimum and maximum may lie " + MAX_LISTED + " multiples of " + divisor + ", not " + count);
        }
        List<String> each = new ArrayList<>();
        for (BigInteger i = first; i.compareTo(last) <= 0; i = i.add(BigInteger.ONE)) {
            BigDecimal value = divisor.multiply(new BigDecimal(i));
            each.add("\"" + (value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString()) + "\"");
        }
        return "(" + String.join(" | ", each) + ")";
    }

    private String signed(boolean mayBeNegative, boolean mayBePositive, boolean withoutZero) {
        if (withoutZero && places > 0) {
            throw SchemaJson.bad("multipleOf with a fraction and an exclusive bound of 0 is not supported");
        }
        String nonZero = rules.reserve();
        List<String> first = new ArrayList<>();
        for (int digit = 1; digit <= 9; digit++) {
            first.add("\"" + digit + "\" " + name(new State(0, digit % whole)));
        }
        rules.set(nonZero, String.join(" | ", first));
        String belowOne = places == 0 ? null : "\"0\" \".\" (" + digits(new State(0, 0)) + ")";
        List<String> out = new ArrayList<>();
        if (!withoutZero) {
            out.add("\"0\"");
        }
        for (String sign : new String[]{mayBePositive ? "" : null, mayBeNegative ? "\"-\" " : null}) {
            if (sign != null) {
                out.add(sign + nonZero);
                if (belowOne != null) {
                    out.add(sign + belowOne);
                }
            }
        }
        for (State s = open.poll(); s != null; s = open.poll()) {
            rules.set(name(s), body(s));
        }
        return "(" + String.join(" | ", out) + ")";
    }

    private String name(State state) {
        return names.computeIfAbsent(state, s -> {
            open.add(s);
            return rules.reserve();
        });
    }

    private String body(State s) {
        List<String> out = new ArrayList<>();
        if (isMultiple(s)) {
            out.add("\"\"");
        }
        if (s.places == 0) {
            for (int digit = 0; digit <= 9; digit++) {
                out.add("\"" + digit + "\" " + name(new State(0, (s.remainder * 10 + digit) % whole)));
            }
        }
        String fraction = s.places < places ? digits(s) : "";
        if (!fraction.isEmpty()) {
            out.add(s.places == 0 ? "\".\" (" + fraction + ")" : fraction);
        }
        return String.join(" | ", out);
    }

    /** One more digit after the point, of those that can still lead to a multiple. */
    private String digits(State s) {
        List<String> out = new ArrayList<>();
        for (int digit = 0; digit <= 9; digit++) {
            State next = new State(s.places + 1, (s.remainder * 10 + digit) % whole);
            if (leadsOn(next)) {
                out.add("\"" + digit + "\" " + name(next));
            }
        }
        return String.join(" | ", out);
    }

    private boolean isMultiple(State s) {
        long rest = s.remainder;
        for (int i = s.places; i < places; i++) {
            rest = rest * 10 % whole;
        }
        return rest == 0;
    }

    /** Whether some digits make it a multiple: with so many places left, a remainder is reached by them or not at all. */
    private boolean leadsOn(State s) {
        if (isMultiple(s)) {
            return true;
        }
        long scale = 1;
        for (int i = s.places; i < places; i++) {
            scale *= 10;
        }
        // remainder * scale + x is a multiple for some x of 0 to scale - 1
        long missing = Math.floorMod(-(s.remainder * scale), (long) whole);
        return missing < scale;
    }
}
