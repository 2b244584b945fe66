package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Automata over decimal numbers as they are written. */
final class DecimalAutomata {
    private static final int SIGN = 0;
    private static final int WHOLE = 1;
    private static final int FRACTION = 2;

    private DecimalAutomata() {
    }

    /** @param phase nothing yet or after a sign, in the digits before the point, or after it; {@code digits} counts within */
    private record Place(int phase, boolean negative, int digits, int a, int b) {}

    private interface Step {
        @Nullable
        Place next(Place at, char c);
    }

    private static Dfa explore(WorkBudget budget, Step step, Predicate<Place> accepts) {
        return Dfa.explore(new Place(SIGN, false, 0, 0, 0), "-.0123456789", step::next, accepts, budget);
    }

    /** {@code a}: whether a digit above 0 has been; {@code b}: whether the whole part is a single 0. */
    static Dfa written(int whole, int fraction, WorkBudget budget) {
        return explore(budget, (at, c) -> {
            if (c == '-') {
                return at.phase == SIGN && !at.negative ? new Place(SIGN, true, 0, 0, 0) : null;
            }
            if (c == '.') {
                return at.phase == WHOLE && fraction > 0 ? new Place(FRACTION, at.negative, 0, at.a, 0) : null;
            }
            int a = at.a == 1 || c > '0' ? 1 : 0;
            if (at.phase == SIGN) {
                return new Place(WHOLE, at.negative, 1, a, c == '0' ? 1 : 0);
            }
            if (at.phase == WHOLE) {
                return at.b == 1 || at.digits == whole ? null : new Place(WHOLE, at.negative, at.digits + 1, a, 0);
            }
            return at.digits == fraction ? null : new Place(FRACTION, at.negative, at.digits + 1, a, 0);
        }, at -> at.phase == WHOLE && !(at.negative && at.a == 0)
                || at.phase == FRACTION && at.digits > 0 && !(at.negative && at.a == 0));
    }

    /** Numbers that are no integers; {@code a}: whether a digit above 0 stands after the point. */
    static Dfa fractional(WorkBudget budget) {
        return explore(budget, (at, c) -> {
            if (c == '-') {
                return at.phase == SIGN ? at : null;
            }
            if (c == '.') {
                return at.phase == WHOLE ? new Place(FRACTION, false, 0, 0, 0) : null;
            }
            return at.phase == FRACTION
                    ? new Place(FRACTION, false, 0, at.a == 1 || c > '0' ? 1 : 0, 0)
                    : new Place(WHOLE, false, 0, 0, 0);
        }, at -> at.a == 1);
    }

    /**
     * Numbers that compare with a value as the bound says. {@code a}: how the digits so far compare with the value's; {@code b}: no
     * use. Digits before the point count up to one more than the value has.
     */
    static Dfa compared(NumberLanguage.Bound bound, WorkBudget budget) {
        BigDecimal magnitude = bound.value().abs().stripTrailingZeros();
        String plain = magnitude.signum() == 0 ? "0" : magnitude.toPlainString();
        int point = plain.indexOf('.');
        String whole = point < 0 ? plain : plain.substring(0, point);
        String fraction = point < 0 ? "" : plain.substring(point + 1);
        return explore(budget, (at, c) -> {
            if (c == '-') {
                return at.phase == SIGN && !at.negative ? new Place(SIGN, true, 0, 0, 0) : null;
            }
            if (c == '.') {
                return at.phase == WHOLE ? new Place(FRACTION, at.negative, 0, wholeDifference(at, whole), 0) : null;
            }
            if (at.phase == FRACTION) {
                char other = at.digits < fraction.length() ? fraction.charAt(at.digits) : '0';
                return new Place(FRACTION, at.negative, Math.min(at.digits + 1, fraction.length()),
                        at.a != 0 ? at.a : Integer.signum(c - other), 0);
            }
            int difference = at.a != 0 || at.digits >= whole.length() ? at.a : Integer.signum(c - whole.charAt(at.digits));
            return new Place(WHOLE, at.negative, Math.min(at.digits + 1, whole.length() + 1), difference, 0);
        }, at -> {
            if (at.phase == SIGN) {
                return false;
            }
            int difference = at.phase == WHOLE ? wholeDifference(at, whole) : at.a;
            int read = at.phase == WHOLE ? 0 : at.digits;
            if (difference == 0 && read < fraction.length()) {
                difference = -1;
            }
            int sign = bound.value().signum();
            if (at.negative) {
                return bound.holds(sign > 0 ? -1 : sign == 0 ? difference == 0 ? 0 : -1 : -difference);
            }
            return bound.holds(sign < 0 ? 1 : difference);
        });
    }

    private static int wholeDifference(Place at, String whole) {
        return at.digits == whole.length() ? at.a : at.digits < whole.length() ? -1 : 1;
    }

    /** Multiples of {@code units} in the last of {@code scale} digits after the point, or what is none. {@code a}: the residue. */
    static Dfa multiples(int units, int scale, boolean are, WorkBudget budget) {
        int[] powers = new int[scale + 1];
        powers[0] = 1 % units;
        for (int i = 1; i <= scale; i++) {
            powers[i] = BigInteger.valueOf(powers[i - 1]).multiply(BigInteger.TEN).mod(BigInteger.valueOf(units)).intValueExact();
        }
        return explore(budget, (at, c) -> {
            if (c == '-') {
                return at.phase == SIGN ? at : null;
            }
            if (c == '.') {
                return at.phase == WHOLE ? new Place(FRACTION, false, 0, at.a, 0) : null;
            }
            if (at.phase == FRACTION && at.digits == scale) {
                return new Place(FRACTION, false, scale, at.a, at.b == 1 || c > '0' ? 1 : 0);
            }
            int residue = (int) ((at.a * 10L + (c - '0')) % units);
            return new Place(at.phase == FRACTION ? FRACTION : WHOLE, false, at.phase == FRACTION ? at.digits + 1 : 0, residue,
                    0);
        }, at -> {
            int missing = at.phase == FRACTION ? scale - at.digits : scale;
            boolean multiple = at.b == 0 && (long) at.a * powers[missing] % units == 0;
            return at.phase != SIGN && multiple == are;
        });
    }
}
