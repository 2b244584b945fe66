package ai.realm.core.chat.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's str() and repr(). */
final class PyRepr {
    private PyRepr() {
    }

    static String str(Context c, @Nullable Object v) {
        return switch (v) {
            case null -> "None";
            case String s -> s;
            case Markup m -> m.text();
            case Boolean b -> b ? "True" : "False";
            case Long l -> l.toString();
            case Double d -> number(d);
            case Undefined u -> "";
            default -> repr(c, v);
        };
    }

    static String repr(Context c, @Nullable Object v) {
        if (v instanceof String s) {
            return quote(s);
        }
        if (v instanceof Undefined) {
            return "Undefined";
        }
        if (v instanceof Markup m) {
            return "Markup(" + quote(m.text()) + ")";
        }
        if (v == null || Py.isNumber(v)) {
            return str(c, v);
        }
        StringBuilder out = new StringBuilder();
        append(c, out, v);
        return c.made(out.toString());
    }

    private static void append(Context c, StringBuilder out, @Nullable Object v) {
        c.enter();
        switch (v) {
            case PyTuple t -> {
                items(c, out, t, "(", t.size() == 1 ? ",)" : ")");
            }
            case PyRange r -> out.append("range(").append(r.start).append(", ").append(r.stop)
                    .append(r.step == 1 ? "" : ", " + r.step).append(')');
            case List<?> l -> items(c, out, l, "[", "]");
            case Map<?, ?> m -> entries(c, out, m);
            case DictView d -> {
                items(c, out, d.list(), d.kind().typeName + "([", "])");
            }
            case Namespace n -> {
                out.append("<Namespace ");
                entries(c, out, n.attributes);
                out.append('>');
            }
            case Macro m -> out.append("<Macro ").append(quote(m.name())).append('>');
            case Loop l -> out.append("<LoopContext ").append(l.index()).append('/').append(l.length()).append('>');
            case PyGenerator g -> out.append("<generator object>");
            case PyCallable f -> out.append("<function>");
            case null, default -> out.append(repr(c, v));
        }
        if (out.length() > c.limits().valueSize()) {
            throw JinjaError.runtime("a value may have at most " + c.limits().valueSize() + " characters");
        }
        c.leave();
    }

    private static void items(Context c, StringBuilder out, List<?> list, String open, String close) {
        out.append(open);
        for (int i = 0; i < list.size(); i++) {
            append(c, out.append(i == 0 ? "" : ", "), list.get(i));
        }
        out.append(close);
    }

    private static void entries(Context c, StringBuilder out, Map<?, ?> map) {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> e : map.entrySet()) {
            append(c, out.append(separator), e.getKey());
            append(c, out.append(": "), e.getValue());
            separator = ", ";
        }
        out.append('}');
    }

    /** The shortest digits that read back, in Python's notation. */
    static String number(double d) {
        if (Double.isNaN(d)) {
            return "nan";
        }
        if (Double.isInfinite(d)) {
            return d > 0 ? "inf" : "-inf";
        }
        if (d == 0) {
            return 1 / d < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(Double.toString(d)).stripTrailingZeros();
        if (exact.precision() == 2) {
            // Java never shows fewer than two digits, though one may do
            BigDecimal shorter = exact.round(new MathContext(1, RoundingMode.HALF_EVEN));
            exact = shorter.doubleValue() == d ? shorter : exact;
        }
        int exponent = exact.precision() - exact.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = exact.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = exact.unscaledValue().abs().toString();
        return (d < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e"
                + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    /** A string literal as repr() writes it. */
    static String quote(String s) {
        char q = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder(s.length() + 2).append(q);
        for (int i = 0; i < s.length();) {
            int cp = s.codePointAt(i);
            i += Character.charCount(cp);
            switch (cp) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (cp == q) {
                        out.append('\\').append(q);
                    } else if (isPrintable(cp)) {
                        out.appendCodePoint(cp);
                    } else {
                        out.append(cp < 0x100
                                ? String.format("\\x%02x", cp)
                                : cp < 0x10000 ? String.format("\\u%04x", cp) : String.format("\\U%08x", cp));
                    }
                }
            }
        }
        return out.append(q).toString();
    }

    static boolean isPrintable(int cp) {
        if (cp < 0x7f) {
            return cp >= 0x20;
        }
        return switch (Character.getType(cp)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR ->
                false;
            default -> true;
        };
    }
}
