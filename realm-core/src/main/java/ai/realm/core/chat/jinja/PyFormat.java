package ai.realm.core.chat.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's two ways to format: the % operator and str.format. */
final class PyFormat {
    private static final int MAX_WIDTH = 10_000;

    private PyFormat() {
    }

    /** {@code format % values}. */
    static String percent(Context c, String format, @Nullable Object values) {
        StringBuilder out = new StringBuilder();
        int next = 0;
        int i = 0;
        boolean single = !(values instanceof PyTuple);
        List<?> list = values instanceof PyTuple t ? t : java.util.Collections.singletonList(values);
        boolean byName = false;
        while (i < format.length()) {
            char x = format.charAt(i++);
            if (x != '%') {
                out.append(x);
                continue;
            }
            if (i < format.length() && format.charAt(i) == '%') {
                out.append('%');
                i++;
                continue;
            }
            Object value = null;
            boolean named = false;
            if (i < format.length() && format.charAt(i) == '(') {
                int close = format.indexOf(')', i);
                if (close < 0 || !(values instanceof Map<?, ?> map)) {
                    throw JinjaError.runtime(close < 0 ? "incomplete format key" : "format requires a mapping");
                }
                value = PyAccess.lookup(map, format.substring(i + 1, close));
                if (value == Scope.ABSENT) {
                    throw JinjaError.runtime("format key " + format.substring(i + 1, close) + " is missing");
                }
                i = close + 1;
                named = true;
                byName = true;
            }
            Spec spec = new Spec();
            while (i < format.length() && "#0- +".indexOf(format.charAt(i)) >= 0) {
                switch (format.charAt(i++)) {
                    case '-' -> spec.align = '<';
                    case '0' -> spec.zero = true;
                    case '+' -> spec.sign = '+';
                    case ' ' -> spec.sign = spec.sign == '+' ? '+' : ' ';
                    default -> spec.alternate = true;
                }
            }
            if (i < format.length() && format.charAt(i) == '*') {
                spec.width = Py.toInt(argument(list, next++), "width");
                i++;
            } else {
                int from = i;
                i = skipDigits(format, i);
                spec.width = number(format, from, i, 0);
            }
            if (i < format.length() && format.charAt(i) == '.') {
                int from = ++i;
                i = skipDigits(format, i);
                spec.precision = number(format, from, i, 0);
            }
            while (i < format.length() && "hlL".indexOf(format.charAt(i)) >= 0) {
                i++;
            }
            if (i >= format.length()) {
                throw JinjaError.runtime("incomplete format");
            }
            char type = format.charAt(i++);
            out.append(c.made(one(c, spec, type, named ? value : argument(list, next++))));
            if (out.length() > c.limits().valueSize()) {
                c.allocate(out.length());
            }
        }
        if (next < list.size() && !byName
                && !(single && (values instanceof Map<?, ?> || values instanceof List<?> || values instanceof Undefined))) {
            throw JinjaError.runtime("not all arguments converted during string formatting");
        }
        return c.made(out.toString());
    }

    private static @Nullable Object argument(List<?> list, int index) {
        if (index >= list.size()) {
            throw JinjaError.runtime("not enough arguments for format string");
        }
        return list.get(index);
    }

    private static String one(Context c, Spec spec, char type, @Nullable Object value) {
        switch (type) {
            case 's', 'r', 'a' -> {
                String s = type == 's' ? PyRepr.str(c, value) : PyRepr.repr(c, value);
                spec.zero = false;
                spec.align = spec.align == 0 ? '>' : spec.align;
                return spec.text(c, s);
            }
            case 'c' -> {
                String s = value instanceof String text ? text : Character.toString(codePoint(value));
                if (s.codePointCount(0, s.length()) != 1) {
                    throw JinjaError.runtime("%c requires an integer or a character");
                }
                spec.zero = false;
                spec.align = spec.align == 0 ? '>' : spec.align;
                return spec.text(c, s);
            }
            case 'd', 'i', 'u', 'x', 'X', 'o' -> {
                if (!Py.isNumber(value) || value instanceof Double && "xXo".indexOf(type) >= 0) {
                    throw JinjaError.runtime("%" + type + " format: a real number is required, not " + Py.typeName(value));
                }
                spec.minDigits = spec.precision;
                spec.precision = -1;
                return spec.integer(c, value instanceof Double d ? whole(d) : Py.toLong(value),
                        "diu".indexOf(type) >= 0 ? 'd' : type);
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                if (!Py.isNumber(value)) {
                    throw JinjaError.runtime("must be real number, not " + Py.typeName(value));
                }
                return spec.decimal(c, Py.toDouble(value), type);
            }
            default -> throw JinjaError.runtime("unsupported format character '" + type + "'");
        }
    }

    private static long whole(double d) {
        if (!(Math.abs(d) < 0x1p63)) {
            throw JinjaError.runtime("%d format: " + PyRepr.number(d) + " does not fit 64 bits");
        }
        return (long) d;
    }

    private static int codePoint(@Nullable Object value) {
        int cp = Py.toInt(value, "%c");
        if (!Character.isValidCodePoint(cp)) {
            throw JinjaError.runtime("%c arg not in range(0x110000)");
        }
        return cp;
    }

    private static int skipDigits(String s, int from) {
        int i = from;
        while (i < s.length() && s.charAt(i) >= '0' && s.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    private static int number(String s, int from, int to, int absent) {
        if (from == to) {
            return absent;
        }
        if (to - from > 5 || Integer.parseInt(s.substring(from, to)) > MAX_WIDTH) {
            throw JinjaError.runtime("a format width may be at most " + MAX_WIDTH);
        }
        return Integer.parseInt(s.substring(from, to));
    }

    /** {@code format.format(…)}. */
    static String format(Context c, String format, Args args) {
        return format(c, format, args, new int[1], 0);
    }

    private static String format(Context c, String format, Args args, int[] auto, int nested) {
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < format.length()) {
            char x = format.charAt(i++);
            if ((x == '{' || x == '}') && i < format.length() && format.charAt(i) == x) {
                out.append(x);
                i++;
            } else if (x == '{') {
                int end = fieldEnd(format, i);
                out.append(c.made(field(c, format.substring(i, end), args, auto, nested)));
                i = end + 1;
            } else if (x == '}') {
                throw JinjaError.runtime("Single '}' encountered in format string");
            } else {
                out.append(x);
            }
            if (out.length() > c.limits().valueSize()) {
                c.allocate(out.length());
            }
        }
        return c.made(out.toString());
    }

    private static int fieldEnd(String format, int from) {
        int open = 1;
        for (int i = from; i < format.length(); i++) {
            char x = format.charAt(i);
            open += x == '{' ? 1 : x == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw JinjaError.runtime("expected '}' before end of string");
    }

    private static String field(Context c, String field, Args args, int[] auto, int nested) {
        int nameEnd = 0;
        boolean bracket = false;
        while (nameEnd < field.length() && (bracket || field.charAt(nameEnd) != '!' && field.charAt(nameEnd) != ':')) {
            bracket = field.charAt(nameEnd) == '[' || bracket && field.charAt(nameEnd) != ']';
            nameEnd++;
        }
        Object value = fieldValue(c, field.substring(0, nameEnd), args, auto);
        int i = nameEnd;
        if (i < field.length() && field.charAt(i) == '!') {
            char conversion = i + 1 < field.length() ? field.charAt(i + 1) : 0;
            value = switch (conversion) {
                case 's' -> PyRepr.str(c, value);
                case 'r', 'a' -> PyRepr.repr(c, value);
                default -> throw JinjaError.runtime("Unknown conversion specifier");
            };
            i += 2;
        }
        String spec = i < field.length() && field.charAt(i) == ':' ? field.substring(i + 1) : "";
        if (spec.indexOf('{') >= 0) {
            if (nested > 0) {
                throw JinjaError.runtime("Max string recursion exceeded");
            }
            spec = format(c, spec, args, auto, nested + 1);
        }
        return value(c, value, spec);
    }

    private static @Nullable Object fieldValue(Context c, String name, Args args, int[] auto) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        String first = name.substring(0, end);
        Object value;
        if (first.isEmpty() || first.chars().allMatch(x -> x >= '0' && x <= '9')) {
            if (first.isEmpty() ? auto[0] < 0 : auto[0] > 0) {
                throw JinjaError.runtime("cannot mix automatic and manual field numbering");
            }
            int index = first.isEmpty() ? auto[0]++ : number(first, 0, first.length(), 0);
            auto[0] = first.isEmpty() ? auto[0] : -1;
            if (index >= args.positional().size()) {
                throw JinjaError.runtime("Replacement index " + index + " out of range for positional args tuple");
            }
            value = args.positional().get(index);
        } else {
            if (!args.named().containsKey(first)) {
                throw JinjaError.runtime("format has no argument " + first);
            }
            value = args.named().get(first);
        }
        while (end < name.length()) {
            boolean item = name.charAt(end) == '[';
            int to = end + 1;
            while (to < name.length() && (item ? name.charAt(to) != ']' : name.charAt(to) != '.' && name.charAt(to) != '[')) {
                to++;
            }
            String key = name.substring(end + 1, to);
            boolean digits = !key.isEmpty() && key.chars().allMatch(x -> x >= '0' && x <= '9');
            value = item
                    ? PyAccess.item(c, value, digits ? (Object) (long) number(key, 0, key.length(), 0) : key)
                    : PyAccess.attribute(c, value, key);
            end = item ? to + 1 : to;
        }
        return value;
    }

    /** {@code format(value, spec)}. */
    static String value(Context c, @Nullable Object marked, String text) {
        Object value = Markup.plain(marked);
        if (text.isEmpty()) {
            return PyRepr.str(c, value);
        }
        Spec spec = new Spec();
        char type = spec.parse(text);
        if (value instanceof String s) {
            if (type != 0 && type != 's') {
                throw JinjaError.runtime("Unknown format code '" + type + "' for object of type 'str'");
            }
            if (spec.align == '=' || spec.grouping != 0 || spec.signed || spec.alternate) {
                throw JinjaError.runtime("sign, grouping, '#' and '=' are not allowed in a string format specifier");
            }
            if (spec.zero && spec.align == 0) {
                spec.fill = "0";
                spec.zero = false;
            }
            spec.align = spec.align == 0 ? '<' : spec.align;
            return spec.text(c, s);
        }
        if (Py.isInt(value)) {
            return switch (type) {
                case 0, 'd', 'n', 'x', 'X', 'o', 'b' -> spec.integer(c, Py.toLong(value), type == 0 || type == 'n' ? 'd' : type);
                case 'c' -> spec.text(c, Character.toString(codePoint(value)));
                case 'e', 'E', 'f', 'F', 'g', 'G', '%' -> spec.decimal(c, Py.toDouble(value), type);
                default -> throw JinjaError.runtime("Unknown format code '" + type + "' for object of type 'int'");
            };
        }
        if (value instanceof Double d) {
            return spec.decimal(c, d, type == 'n' ? 'g' : type);
        }
        throw JinjaError.runtime("unsupported format string passed to " + Py.typeName(value) + ".__format__");
    }

    /** A format specification: fill, align, sign, width, grouping, precision. */
    private static final class Spec {
        String fill = " ";
        char align;
        char sign = '-';
        boolean signed;
        boolean alternate;
        boolean zero;
        int width;
        char grouping;
        int precision = -1;
        int minDigits = -1;

        /** Reads {@code [[fill]align][sign][#][0][width][grouping][.precision][type]} and returns the type, or 0. */
        char parse(String text) {
            int i = 0;
            int second = text.offsetByCodePoints(0, 1);
            if (second < text.length() && "<>=^".indexOf(text.charAt(second)) >= 0) {
                fill = text.substring(0, second);
                align = text.charAt(second);
                i = second + 1;
            } else if ("<>=^".indexOf(text.charAt(0)) >= 0) {
                align = text.charAt(0);
                i = 1;
            }
            if (i < text.length() && "+- ".indexOf(text.charAt(i)) >= 0) {
                sign = text.charAt(i++);
                signed = true;
            }
            if (i < text.length() && text.charAt(i) == '#') {
                alternate = true;
                i++;
            }
            if (i < text.length() && text.charAt(i) == '0') {
                zero = true;
                i++;
            }
            int to = skipDigits(text, i);
            width = number(text, i, to, 0);
            i = to;
            if (i < text.length() && (text.charAt(i) == ',' || text.charAt(i) == '_')) {
                grouping = text.charAt(i++);
            }
            if (i < text.length() && text.charAt(i) == '.') {
                to = skipDigits(text, i + 1);
                precision = number(text, i + 1, to, -1);
                if (precision < 0) {
                    throw JinjaError.runtime("Format specifier missing precision");
                }
                i = to;
            }
            char type = i < text.length() ? text.charAt(i++) : 0;
            if (i < text.length()) {
                throw JinjaError.runtime("Invalid format specifier");
            }
            return type;
        }

        String text(Context c, String s) {
            String shown = s;
            if (precision >= 0 && s.codePointCount(0, s.length()) > precision) {
                shown = s.substring(0, s.offsetByCodePoints(0, precision));
            }
            return padded(c, "", shown);
        }

        String integer(Context c, long v, char type) {
            if (precision >= 0) {
                throw JinjaError.runtime("Precision not allowed in integer format specifier");
            }
            String digits = switch (type) {
                case 'x', 'X' -> Long.toHexString(Math.abs(v));
                case 'o' -> Long.toOctalString(Math.abs(v));
                case 'b' -> Long.toBinaryString(Math.abs(v));
                default -> v == Long.MIN_VALUE ? Long.toString(v).substring(1) : Long.toString(Math.abs(v));
            };
            if (minDigits > digits.length()) {
                digits = "0".repeat(minDigits - digits.length()) + digits;
            }
            String prefix = alternate && type != 'd' ? "0" + type : "";
            return withSign(c, v < 0, prefix, type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits, "");
        }

        String decimal(Context c, double v, char type) {
            boolean negative = v < 0 || 1 / v < 0;
            double magnitude = Math.abs(v);
            if (Double.isNaN(v) || Double.isInfinite(v)) {
                String name = Double.isNaN(v) ? "nan" : "inf";
                boolean capital = type == 'E' || type == 'F' || type == 'G';
                return withSign(c, negative, "", capital ? name.toUpperCase(Locale.ROOT) : name, type == '%' ? "%" : "");
            }
            String shown = switch (type) {
                case 'f', 'F' -> fixed(magnitude, precision < 0 ? 6 : precision);
                case '%' -> fixed(magnitude * 100, precision < 0 ? 6 : precision);
                case 'e', 'E' -> scientific(magnitude, precision < 0 ? 6 : precision, type);
                case 'g', 'G' -> general(magnitude, precision < 0 ? 6 : Math.max(1, precision), type, false);
                case 0 -> precision < 0 ? PyRepr.number(magnitude) : general(magnitude, Math.max(1, precision), 'g', true);
                default -> throw JinjaError.runtime("Unknown format code '" + type + "' for object of type 'float'");
            };
            int end = 0;
            while (end < shown.length() && Character.isDigit(shown.charAt(end))) {
                end++;
            }
            return withSign(c, negative, "", shown.substring(0, end), shown.substring(end) + (type == '%' ? "%" : ""));
        }

        private static String fixed(double v, int precision) {
            return new BigDecimal(v).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
        }

        private static String scientific(double v, int precision, char e) {
            if (v == 0) {
                return "0" + (precision > 0 ? "." + "0".repeat(precision) : "") + e + "+00";
            }
            BigDecimal rounded = new BigDecimal(v).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
            int exponent = rounded.precision() - rounded.scale() - 1;
            String digits = rounded.unscaledValue().toString();
            digits += "0".repeat(Math.max(0, precision + 1 - digits.length()));
            return digits.charAt(0) + (precision > 0 ? "." + digits.substring(1, precision + 1) : "") + e
                    + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        }

        private static String general(double v, int precision, char type, boolean keepPoint) {
            char e = type == 'G' ? 'E' : 'e';
            if (v == 0) {
                return keepPoint ? "0.0" : "0";
            }
            BigDecimal rounded = new BigDecimal(v).round(new MathContext(precision, RoundingMode.HALF_EVEN));
            int exponent = rounded.precision() - rounded.scale() - 1;
            if (exponent < -4 || exponent >= precision + (keepPoint ? -1 : 0) && exponent >= precision - (keepPoint ? 1 : 0)) {
                String s = scientific(v, precision - 1, e);
                int at = s.indexOf(e);
                return stripZeros(s.substring(0, at)) + s.substring(at);
            }
            String plain = stripZeros(rounded.setScale(Math.max(0, precision - 1 - exponent), RoundingMode.HALF_EVEN)
                    .toPlainString());
            return keepPoint && plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }

        private static String stripZeros(String s) {
            if (s.indexOf('.') < 0) {
                return s;
            }
            int end = s.length();
            while (s.charAt(end - 1) == '0') {
                end--;
            }
            return s.substring(0, s.charAt(end - 1) == '.' ? end - 1 : end);
        }

        private String withSign(Context c, boolean negative, String prefix, String digits, String rest) {
            String head = (negative ? "-" : sign == '-' ? "" : String.valueOf(sign)) + prefix;
            boolean zeros = zero && align == 0 || align == '=' && fill.equals("0");
            String grouped = digits;
            if (grouping != 0) {
                int width0 = zeros ? width - head.length() - rest.length() : 0;
                grouped = group(digits, width0, grouping == '_' && prefix.length() == 2 ? 4 : 3);
            }
            if (zeros || align == '=') {
                int missing = width - head.length() - grouped.length() - rest.length();
                return head + (missing > 0 ? (zeros ? "0" : fill).repeat(missing) : "") + grouped + rest;
            }
            align = align == 0 ? '>' : align;
            return padded(c, head, grouped + rest);
        }

        private String group(String digits, int minWidth, int size) {
            StringBuilder out = new StringBuilder();
            int count = 0;
            for (int i = digits.length() - 1; i >= 0 || out.length() < minWidth; i--, count++) {
                if (count > 0 && count % size == 0) {
                    out.append(grouping);
                }
                out.append(i >= 0 ? digits.charAt(i) : '0');
            }
            return out.reverse().toString();
        }

        private String padded(Context c, String head, String body) {
            String s = head + body;
            int missing = width - s.codePointCount(0, s.length());
            if (missing <= 0) {
                return s;
            }
            c.allocate(missing);
            int left = switch (align) {
                case '<' -> 0;
                case '^' -> missing / 2;
                default -> missing;
            };
            return fill.repeat(left) + s + fill.repeat(missing - left);
        }
    }
}
