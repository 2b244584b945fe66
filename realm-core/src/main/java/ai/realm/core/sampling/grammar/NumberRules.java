package ai.realm.core.sampling.grammar;

import ai.realm.core.sampling.grammar.DecimalRanges.Bound;
import ai.realm.core.sampling.grammar.SchemaJson.Num;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a schema of a number or an integer as GBNF: its range, what it is a multiple of, and the values that it must not have. */
final class NumberRules {
    private final Map<?, ?> schema;
    private final boolean integer;
    private final Multiples.Rules rules;

    private NumberRules(Map<?, ?> schema, boolean integer, Multiples.Rules rules) {
        this.schema = schema;
        this.integer = integer;
        this.rules = rules;
    }

    static String of(Map<?, ?> schema, boolean integer, Multiples.Rules rules) {
        return new NumberRules(schema, integer, rules).write();
    }

    private String write() {
        Bound low = Bound.stricter(bound("minimum", false), bound("exclusiveMinimum", true), true);
        Bound high = Bound.stricter(bound("maximum", false), bound("exclusiveMaximum", true), false);
        if (low != null && high != null && low.value().compareTo(high.value()) > 0) {
            throw SchemaJson.bad("minimum " + low.value() + " must not exceed maximum " + high.value());
        }
        List<String> out = new ArrayList<>();
        for (BigDecimal gap : gaps(low, high)) {
            Bound here = new Bound(gap, true);
            add(out, low, here);
            low = here;
        }
        add(out, low, high);
        if (out.isEmpty()) {
            throw SchemaJson.bad("no value is left between minimum and maximum");
        }
        return out.size() == 1 ? out.getFirst() : "(" + String.join(" | ", out) + ")";
    }

    private @Nullable Bound bound(String key, boolean exclusive) {
        BigDecimal value = JsonSchemaGrammar.decimal(schema, key);
        return value == null ? null : new Bound(value, exclusive);
    }

    /** The excluded numbers within, in order. */
    private List<BigDecimal> gaps(@Nullable Bound low, @Nullable Bound high) {
        return Negation.excluded(schema, Num.class).stream().map(Negation::number)
                .filter(v -> low == null || v.compareTo(low.value()) >= 0)
                .filter(v -> high == null || v.compareTo(high.value()) <= 0)
                .map(BigDecimal::stripTrailingZeros).distinct().sorted().toList();
    }

    private void add(List<String> out, @Nullable Bound low, @Nullable Bound high) {
        if (low != null && high != null && low.value().compareTo(high.value()) == 0 && (low.exclusive() || high.exclusive())) {
            return;
        }
        BigDecimal divisor = JsonSchemaGrammar.decimal(schema, "multipleOf");
        if (divisor != null && !(divisor.compareTo(BigDecimal.ONE) == 0 && integer)) {
            out.add(Multiples.of(integer ? numerator(divisor) : divisor, low, high, rules));
        } else if (integer) {
            addIntegers(out, low, high);
        } else {
            out.add(low == null && high == null ? "number" : DecimalRanges.between(low, high));
        }
    }

    private static void addIntegers(List<String> out, @Nullable Bound low, @Nullable Bound high) {
        Long from = low == null ? null : inward(low, RoundingMode.CEILING, 1);
        Long to = high == null ? null : inward(high, RoundingMode.FLOOR, -1);
        if (from == null || to == null || from <= to) {
            out.add(from == null && to == null ? "integer" : IntegerRanges.between(from, to));
        }
    }

    private static long inward(Bound bound, RoundingMode rounding, int step) {
        BigDecimal whole = bound.value().setScale(0, rounding);
        BigDecimal result = bound.exclusive() && whole.compareTo(bound.value()) == 0
                ? whole.add(BigDecimal.valueOf(step))
                : whole;
        if (result.abs().compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw SchemaJson.bad("an integer's bound must fit 64 bits, not " + bound.value());
        }
        return result.longValueExact();
    }

    /** The integers that are multiples of a fraction are those of its numerator. */
    private static BigDecimal numerator(BigDecimal divisor) {
        if (divisor.scale() <= 0) {
            return divisor;
        }
        BigInteger scale = BigInteger.TEN.pow(divisor.scale());
        BigInteger whole = divisor.unscaledValue();
        return new BigDecimal(whole.divide(whole.gcd(scale)));
    }
}
