package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.schema.SchemaJson.Num;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON values as {@link SchemaJson} reads them, compared as JSON schema does: numbers by value, objects whatever their order. */
final class JsonValues {
    private static final int MAX_DIGITS = 400;

    private JsonValues() {
    }

    /** A number's value, or null when it has more digits than anybody needs. */
    static @Nullable BigDecimal decimal(Num n) {
        String text = n.text();
        int e = Math.max(text.indexOf('e'), text.indexOf('E'));
        if (text.length() > MAX_DIGITS + 8 || e >= 0 && text.substring(e + 1).replaceFirst("^[+-]?0*", "").length() > 3) {
            return null;
        }
        BigDecimal value = new BigDecimal(text);
        return Math.abs(value.scale()) > MAX_DIGITS || value.precision() > MAX_DIGITS ? null : value;
    }

    static boolean isInteger(BigDecimal value) {
        return value.signum() == 0 || value.stripTrailingZeros().scale() <= 0;
    }

    static boolean equal(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Num x && b instanceof Num y) {
            BigDecimal p = decimal(x);
            BigDecimal q = decimal(y);
            return p != null && q != null ? p.compareTo(q) == 0 : x.text().equals(y.text());
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            if (x.size() != y.size()) {
                return false;
            }
            for (int i = 0; i < x.size(); i++) {
                if (!equal(x.get(i), y.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return x.size() == y.size()
                    && x.entrySet().stream().allMatch(e -> y.containsKey(e.getKey()) && equal(e.getValue(), y.get(e.getKey())));
        }
        return a == null ? b == null : a.equals(b);
    }

    /** A key that equal values share. */
    static Object key(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Num n -> {
                BigDecimal d = decimal(n);
                yield d == null ? n : d.signum() == 0 ? BigDecimal.ZERO : d.stripTrailingZeros();
            }
            case List<?> l -> l.stream().map(JsonValues::key).toList();
            case Map<?, ?> m -> {
                java.util.HashMap<Object, Object> out = new java.util.HashMap<>();
                m.forEach((k, v) -> out.put(k, key(v)));
                yield out;
            }
            case String s -> "\"" + s;
            default -> value;
        };
    }

    static String type(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Boolean b -> "boolean";
            case Num n -> "number";
            case String s -> "string";
            case List<?> l -> "array";
            default -> "object";
        };
    }
}
