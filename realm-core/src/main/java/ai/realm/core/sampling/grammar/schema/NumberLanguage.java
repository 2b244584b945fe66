package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import ai.realm.core.sampling.grammar.schema.SchemaJson.Num;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a case, as they are written: an optional minus, digits, a point and digits, without an exponent and without a
 * minus before zero. Integers are written without a point.
 */
final class NumberLanguage {
    /** What any reader of JSON keeps exactly. */
    private static final int DIGITS = 16;
    private static final int MAX_BOUND_DIGITS = 320;
    /** Residues that an automaton keeps. */
    private static final int MAX_DIVISOR = 5000;
    /** States that digits and residues may have together; more residues get fewer digits. */
    private static final int MAX_PLACES = 4000;

    private NumberLanguage() {
    }

    /** Whether one keyword holds of a number. */
    static boolean holds(BigDecimal value, Schema s, String keyword) {
        if (keyword.equals("multipleOf")) {
            BigDecimal divisor = s.number(keyword);
            return divisor != null && divisor.signum() > 0 && value.remainder(divisor).signum() == 0;
        }
        Bound bound = bound(s, keyword, true);
        return bound == null || bound.holds(value.compareTo(bound.value));
    }

    /** A comparison with a value: what holds, as the signs of the differences that are allowed. */
    record Bound(BigDecimal value, boolean below, boolean equal, boolean above) {
        boolean holds(int difference) {
            return difference < 0 ? below : difference == 0 ? equal : above;
        }

        Bound contrary() {
            return new Bound(value, !below, !equal, !above);
        }
    }

    private static @Nullable Bound bound(Schema s, String keyword, boolean holds) {
        if (s.get(keyword) instanceof Boolean) {
            // draft 4: it makes minimum or maximum exclusive
            if (!s.has(keyword.equals("exclusiveMinimum") ? "minimum" : "maximum")) {
                throw s.unholdable(keyword, "must be a number");
            }
            return null;
        }
        BigDecimal value = s.number(keyword);
        if (value == null) {
            return null;
        }
        boolean lower = keyword.equals("minimum") || keyword.equals("exclusiveMinimum");
        boolean exclusive = keyword.startsWith("exclusive")
                || Boolean.TRUE.equals(s.get(lower ? "exclusiveMinimum" : "exclusiveMaximum"));
        Bound out = new Bound(value, !lower, !exclusive, lower);
        return holds ? out : out.contrary();
    }

    /** The language of a case, or null when it is every number. */
    static @Nullable Dfa of(List<Atom> atoms, Languages languages) {
        Dfa out = null;
        boolean integer = false;
        boolean fractional = false;
        int whole = DIGITS;
        int longest = 0;
        int fraction = 0;
        for (Atom atom : atoms) {
            if (atom instanceof Atom.Says says) {
                integer |= says.keyword().equals("type") && says.holds();
                fractional |= says.keyword().equals("type") && !says.holds();
                for (BigDecimal value : values(says)) {
                    int digits = Math.max(1, value.precision() - value.scale());
                    if (digits > MAX_BOUND_DIGITS || value.scale() > MAX_BOUND_DIGITS) {
                        throw says.schema().unholdable(says.keyword(),
                                "cannot be held: it has more than " + MAX_BOUND_DIGITS + " digits");
                    }
                    longest = Math.max(longest, digits);
                    fraction = Math.max(fraction, value.stripTrailingZeros().scale());
                }
            }
        }
        // near a bound no number has more digits than a double tells apart
        whole = Math.max(fractional ? DIGITS - 4 : whole, longest);
        fraction = Math.max(fraction + 1, fractional ? 3 : longest == 0 ? DIGITS : DIGITS - 1 - longest);
        for (Atom atom : atoms) {
            if (atom instanceof Atom.Says says) {
                for (Dfa part : languages(says, languages.budget())) {
                    part = part.minimized(languages.budget());
                    whole = Math.max(longest, Math.min(whole, Math.max(5, MAX_PLACES / part.size())));
                    out = out == null ? part : out.intersection(part, languages.budget());
                }
            }
        }
        if (out == null && !integer) {
            return null;
        }
        Dfa written = DecimalAutomata.written(whole, integer ? 0 : fraction, languages.budget());
        return out == null ? written : written.intersection(out, languages.budget());
    }

    private static List<BigDecimal> values(Atom.Says says) {
        return switch (says.keyword()) {
            case "enum", "const" -> says.schema().values(says.keyword()).stream().filter(v -> v instanceof Num)
                    .map(v -> JsonValues.decimal((Num) v)).filter(java.util.Objects::nonNull).toList();
            case "type" -> List.of();
            default -> {
                BigDecimal n = says.schema().get(says.keyword()) instanceof Boolean
                        ? null
                        : says.schema().number(says.keyword());
                yield n == null ? List.of() : List.of(n);
            }
        };
    }

    private static List<Dfa> languages(Atom.Says says, WorkBudget budget) {
        return switch (says.keyword()) {
            case "type" -> says.holds() ? List.of() : List.of(DecimalAutomata.fractional(budget));
            case "enum", "const" -> values(says).stream()
                    .map(v -> DecimalAutomata.compared(new Bound(v, true, false, true), budget)).toList();
            case "multipleOf" -> List.of(multiples(says, budget));
            default -> {
                Bound bound = bound(says.schema(), says.keyword(), says.holds());
                yield bound == null ? List.of() : List.of(DecimalAutomata.compared(bound, budget));
            }
        };
    }

    private static Dfa multiples(Atom.Says says, WorkBudget budget) {
        BigDecimal divisor = says.schema().number("multipleOf");
        if (divisor == null || divisor.signum() <= 0) {
            throw says.schema().unholdable("multipleOf", "must be above 0, not " + divisor);
        }
        BigDecimal plain = divisor.stripTrailingZeros();
        BigInteger units = plain.scale() < 0 ? plain.toBigIntegerExact() : plain.unscaledValue();
        if (units.bitLength() > 31 || units.intValueExact() > MAX_DIVISOR || plain.scale() > DIGITS) {
            throw says.schema().unholdable("multipleOf", "cannot be held beyond " + MAX_DIVISOR + " units of its last digit");
        }
        return DecimalAutomata.multiples(units.intValueExact(), Math.max(0, plain.scale()), says.holds(), budget);
    }
}
