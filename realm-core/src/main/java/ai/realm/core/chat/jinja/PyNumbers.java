package ai.realm.core.chat.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How Python reads and rounds numbers. */
final class PyNumbers {
    private static final Pattern DECIMAL = Pattern
            .compile("[+-]?(\\d+(_\\d+)*\\.?(\\d+(_\\d+)*)?|\\.\\d+(_\\d+)*)([eE][+-]?\\d+)?");

    private PyNumbers() {
    }

    /** int(text, base), or null when it is not one of 64 bits. */
    static @Nullable Long parseInt(String text, int base) {
        String s = PyStrings.strip(text, null, true, true).toLowerCase(Locale.ROOT);
        boolean negative = s.startsWith("-");
        String digits = negative || s.startsWith("+") ? s.substring(1) : s;
        int radix = base;
        for (String[] prefix : new String[][]{{"0x", "16"}, {"0o", "8"}, {"0b", "2"}}) {
            int of = Integer.parseInt(prefix[1]);
            if (digits.startsWith(prefix[0]) && (base == of || base == 0)) {
                digits = digits.substring(2);
                digits = digits.startsWith("_") ? digits.substring(1) : digits;
                radix = of;
            }
        }
        radix = radix == 0 ? 10 : radix;
        boolean plain = !digits.isEmpty() && !digits.startsWith("_") && !digits.endsWith("_") && !digits.contains("__")
                && radix >= 2 && radix <= 36;
        try {
            // a second sign would be taken by parseLong
            return plain && Character.isLetterOrDigit(digits.charAt(0))
                    ? Long.valueOf(Long.parseLong((negative ? "-" : "") + digits.replace("_", ""), radix))
                    : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** float(text), or null. */
    static @Nullable Double parseFloat(String text) {
        String s = PyStrings.strip(text, null, true, true);
        if (s.length() > 1000) {
            return null;
        }
        if (DECIMAL.matcher(s).matches()) {
            return Double.valueOf(s.replace("_", ""));
        }
        String sign = s.startsWith("-") ? "-" : "";
        return switch (s.toLowerCase(Locale.ROOT).substring(s.startsWith("-") || s.startsWith("+") ? 1 : 0)) {
            case "inf", "infinity" -> sign.isEmpty() ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> null;
        };
    }

    /** round(value, precision): exact, halves to even. */
    static Object round(@Nullable Object value, int precision) {
        if (value instanceof Double d) {
            if (Double.isNaN(d) || Double.isInfinite(d)) {
                return d;
            }
            double rounded = new BigDecimal(d).setScale(precision, RoundingMode.HALF_EVEN).doubleValue();
            return rounded == 0 ? Math.copySign(0, d) : rounded;
        }
        long whole = Py.toLong(value);
        if (precision >= 0) {
            return whole;
        }
        BigDecimal rounded = new BigDecimal(whole).setScale(precision, RoundingMode.HALF_EVEN);
        return rounded.abs().compareTo(new BigDecimal(Long.MAX_VALUE)) > 0 ? (Object) rounded.doubleValue() : rounded.longValue();
    }
}
