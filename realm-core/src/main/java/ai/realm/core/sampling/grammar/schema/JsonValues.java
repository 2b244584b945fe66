package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.schema.SchemaJson.Num;
import java.math.BigDecimal;
import java.util.HashMap;
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
                Map<Object, Object> out = new HashMap<>();
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
