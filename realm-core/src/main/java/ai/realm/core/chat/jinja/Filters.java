package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The filters on single values; those on sequences are in {@link SequenceFilters}. */
final class Filters {
    /** A filter: a value in, a value out. */
    interface Filter {
        @Nullable
        Object apply(Context c, @Nullable Object value, Args args);
    }

    private static final Set<String> KEEP_MARK = Set.of("string", "upper", "lower", "capitalize", "trim", "center", "indent",
            "truncate", "first", "last", "reverse");
    static final Map<String, Filter> ALL = all();

    private Filters() {
    }

    private static Map<String, Filter> all() {
        Map<String, Filter> f = new HashMap<>();
        SequenceFilters.addTo(f);
        f.put("tojson", PyJson::filter);
        f.put("string", (c, v, args) -> PyRepr.str(c, v));
        f.put("forceescape", Filters::escape);
        f.put("upper", (c, v, args) -> c.made(PyRepr.str(c, v).toUpperCase(Locale.ROOT)));
        f.put("lower", (c, v, args) -> c.made(PyRepr.str(c, v).toLowerCase(Locale.ROOT)));
        f.put("capitalize", (c, v, args) -> c.made(PyStrings.capitalize(PyRepr.str(c, v))));
        f.put("title", (c, v, args) -> title(c, PyRepr.str(c, v)));
        f.put("trim", Filters::trim);
        f.put("replace", Filters::replace);
        f.put("indent", Filters::indent);
        f.put("truncate", Filters::truncate);
        f.put("center", (c, v, args) -> {
            Object width = args.bind("center", 0, "width")[0];
            return PyStrings.pad(c, PyRepr.str(c, v), width == Args.ABSENT ? 80 : Py.toInt(width, "width"), " ", 0.5);
        });
        f.put("format", Filters::format);
        f.put("wordcount", (c, v, args) -> wordCount(PyRepr.str(c, v)));
        f.put("striptags", (c, v, args) -> stripTags(c, PyRepr.str(c, v)));
        f.put("urlencode", Filters::urlEncode);
        f.put("abs", (c, v, args) -> abs(v));
        f.put("int", Filters::toInt);
        f.put("float", Filters::toFloat);
        f.put("round", Filters::round);
        f.put("filesizeformat", Filters::fileSize);
        f.put("attr", (c, v, args) -> {
            if (v instanceof Map<?, ?>
                    && PyAccess.attribute(c, v, Py.toStr(args.positional().getFirst(), "name")) instanceof Object o
                    && !(o instanceof PyAccess.Method)) {
                return new Undefined("a dict has no such attribute");
            }
            return PyAccess.attribute(c, v, Py.toStr(args.bind("attr", 1, "name")[0], "name"));
        });
        f.replaceAll(Filters::unmarked);
        f.put("default", Filters::orDefault);
        f.put("d", Filters::orDefault);
        f.put("safe", (c, v, args) -> new Markup(PyRepr.str(c, v)));
        Filter escape = (c, v, args) -> v instanceof Markup ? v : escape(c, v, args);
        f.put("escape", escape);
        f.put("e", escape);
        return f;
    }

    /** The filter on strings without marks; some give the mark back. */
    private static Filter unmarked(String name, Filter filter) {
        boolean keeps = KEEP_MARK.contains(name);
        return (c, v, args) -> {
            Object result = filter.apply(c, Markup.plain(v), args.plain());
            return keeps ? Markup.like(v, result) : result;
        };
    }

    private static @Nullable Object orDefault(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("default", 0, "default_value", "boolean");
        boolean replace = value instanceof Undefined || a[1] != Args.ABSENT && Py.truth(a[1]) && !Py.truth(value);
        return replace ? a[0] == Args.ABSENT ? "" : a[0] : value;
    }

    private static Object escape(Context c, @Nullable Object value, Args args) {
        return new Markup(c.made(PyStrings.escapeHtml(PyRepr.str(c, value))));
    }

    private static String title(Context c, String s) {
        StringBuilder out = new StringBuilder(s.length());
        boolean start = true;
        for (int i = 0; i < s.length();) {
            int cp = s.codePointAt(i);
            String one = Character.toString(cp);
            boolean separator = PyStrings.isSpace(cp) || "-({[<".indexOf(cp) >= 0;
            out.append(separator ? one : start ? one.toUpperCase(Locale.ROOT) : one.toLowerCase(Locale.ROOT));
            start = separator;
            i += one.length();
        }
        return c.made(out.toString());
    }

    private static Object trim(Context c, @Nullable Object value, Args args) {
        Object characters = args.bind("trim", 0, "chars")[0];
        return PyStrings.strip(PyRepr.str(c, value),
                characters == null || characters == Args.ABSENT ? null : Py.toStr(characters, "chars"), true, true);
    }

    private static Object replace(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("replace", 2, "old", "new", "count");
        int max = a[2] == Args.ABSENT || a[2] == null ? -1 : Py.toInt(a[2], "count");
        return PyStrings.replace(c, PyRepr.str(c, value), PyRepr.str(c, a[0]), PyRepr.str(c, a[1]), max);
    }

    private static Object indent(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("indent", 0, "width", "first", "blank");
        String pad = a[0] instanceof String s ? s : " ".repeat(a[0] == Args.ABSENT ? 4 : width(Py.toInt(a[0], "width")));
        boolean blank = a[2] != Args.ABSENT && Py.truth(a[2]);
        if (value instanceof Undefined u) {
            throw u.fail();
        }
        StringBuilder out = new StringBuilder();
        List<@Nullable Object> lines = PyStrings.splitLines(Py.toStr(value, "indent input") + "\n", false);
        for (int i = 0; i < lines.size(); i++) {
            String text = Py.toStr(lines.get(i), "line");
            boolean padded = i == 0 ? a[1] != Args.ABSENT && Py.truth(a[1]) : blank || !text.isEmpty();
            out.append(i == 0 ? "" : "\n").append(padded ? pad : "").append(text);
            if (out.length() > c.limits().valueSize()) {
                c.allocate(out.length());
            }
        }
        return c.made(out.toString());
    }

    private static int width(int width) {
        if (width > 10_000) {
            throw JinjaError.runtime("a width may be at most 10000, not " + width);
        }
        return Math.max(0, width);
    }

    private static @Nullable Object truncate(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("truncate", 0, "length", "killwords", "end", "leeway");
        int length = a[0] == Args.ABSENT ? 255 : Py.toInt(a[0], "length");
        String end = a[2] == Args.ABSENT ? "..." : Py.toStr(a[2], "end");
        int endLength = end.codePointCount(0, end.length());
        int leeway = a[3] == Args.ABSENT || a[3] == null ? 5 : Py.toInt(a[3], "leeway");
        if (length < endLength || leeway < 0) {
            throw JinjaError.runtime("truncate expects a length of at least " + endLength + " and a leeway of at least 0");
        }
        if (Py.length(value) <= (long) length + leeway) {
            return value;
        }
        String s = Py.toStr(value, "what truncate shortens");
        String head = PyStrings.slice(s, 0, length - endLength, 1);
        int space = a[1] != Args.ABSENT && Py.truth(a[1]) ? -1 : head.lastIndexOf(' ');
        return c.made((space < 0 ? head : head.substring(0, space)) + end);
    }

    private static Object format(Context c, @Nullable Object value, Args args) {
        if (!args.positional().isEmpty() && !args.named().isEmpty()) {
            throw JinjaError.runtime("can't handle positional and keyword arguments at the same time");
        }
        Object values = args.named().isEmpty() ? PyTuple.of(args.positional()) : args.named();
        return PyFormat.percent(c, PyRepr.str(c, value), values);
    }

    private static long wordCount(String s) {
        long count = 0;
        boolean inside = false;
        for (int cp : s.codePoints().toArray()) {
            boolean word = Character.isLetterOrDigit(cp) || cp == '_';
            count += word && !inside ? 1 : 0;
            inside = word;
        }
        return count;
    }

    private static String stripTags(Context c, String s) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < s.length(); i++) {
            int close = s.charAt(i) != '<' ? -1 : s.startsWith("<!--", i) ? s.indexOf("-->", i) : s.indexOf('>', i);
            if (close < 0) {
                out.append(s.charAt(i));
            } else {
                i = s.startsWith("<!--", i) ? close + 2 : close;
            }
        }
        StringBuilder words = new StringBuilder();
        for (Object word : PyStrings.splitWords(out.toString(), -1, false)) {
            words.append(words.isEmpty() ? "" : " ").append(word);
        }
        return c.made(words.toString().replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&#34;", "\"")
                .replace("&quot;", "\"").replace("&amp;", "&"));
    }

    private static Object urlEncode(Context c, @Nullable Object value, Args args) {
        if (value instanceof String || !Py.isIterable(value)) {
            return c.made(quoteUrl(PyRepr.str(c, value), true));
        }
        List<String> parts = new ArrayList<>();
        for (Object pair : value instanceof Map<?, ?> m ? new DictView(DictView.Kind.ITEMS, cast(m)).list() : Py.list(c, value)) {
            List<@Nullable Object> two = Py.list(c, pair);
            if (two.size() != 2) {
                throw JinjaError.runtime("urlencode expects pairs");
            }
            parts.add(quoteUrl(PyRepr.str(c, two.get(0)), false) + "=" + quoteUrl(PyRepr.str(c, two.get(1)), false));
        }
        return c.made(String.join("&", parts));
    }

    @SuppressWarnings("unchecked")
    static Map<Object, @Nullable Object> cast(Map<?, ?> map) {
        return (Map<Object, @Nullable Object>) map;
    }

    private static String quoteUrl(String s, boolean path) {
        StringBuilder out = new StringBuilder();
        for (byte b : s.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            char x = (char) (b & 255);
            boolean plain = x < 128 && (Character.isLetterOrDigit(x) || "_.-~".indexOf(x) >= 0) || path && x == '/';
            out.append(plain ? String.valueOf(x) : x == ' ' && !path ? "+" : String.format("%%%02X", (int) x));
        }
        return out.toString();
    }

    private static Object abs(@Nullable Object v) {
        if (v instanceof Double d) {
            return Math.abs(d);
        }
        if (Py.isInt(v)) {
            return Py.toLong(v) < 0 ? PyOps.negate(v) : Py.toLong(v);
        }
        throw JinjaError.runtime("bad operand type for abs(): '" + Py.typeName(v) + "'");
    }

    private static Object toInt(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("int", 0, "default", "base");
        Object fallback = a[0] == Args.ABSENT ? 0L : a[0];
        int base = a[1] == Args.ABSENT ? 10 : Py.toInt(a[1], "base");
        if (value instanceof Undefined u) {
            throw u.fail();
        }
        if (Py.isInt(value)) {
            return Py.toLong(value);
        }
        if (value instanceof String s) {
            Long whole = PyNumbers.parseInt(s, base);
            if (whole != null) {
                return whole;
            }
        }
        Double d = value instanceof Double x ? x : value instanceof String s ? PyNumbers.parseFloat(s) : null;
        // what does not fit 64 bits counts as no number
        return d != null && Math.abs(d) < 0x1p63
                ? (Object) (long) (double) d
                : java.util.Objects.requireNonNullElse(fallback, 0L);
    }

    private static @Nullable Object toFloat(Context c, @Nullable Object value, Args args) {
        Object fallback = args.bind("float", 0, "default")[0];
        if (value instanceof Undefined u) {
            throw u.fail();
        }
        Double d = Py.isNumber(value) ? (Double) Py.toDouble(value) : value instanceof String s ? PyNumbers.parseFloat(s) : null;
        return d != null ? d : fallback == Args.ABSENT ? (Object) 0.0 : fallback;
    }

    private static Object round(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("round", 0, "precision", "method");
        int precision = a[0] == Args.ABSENT ? 0 : Math.clamp(Py.toInt(a[0], "precision"), -400, 400);
        String method = a[1] == Args.ABSENT ? "common" : Py.toStr(a[1], "method");
        if (!Py.isNumber(value)) {
            throw JinjaError.runtime("type " + Py.typeName(value) + " doesn't define __round__ method");
        }
        return switch (method) {
            case "common" -> PyNumbers.round(value, precision);
            case "ceil", "floor" -> {
                double scaled = Py.toDouble(value) * Math.pow(10, precision);
                double whole = method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled);
                // a whole number has no negative zero
                yield (whole + 0.0) / Math.pow(10, precision);
            }
            default -> throw JinjaError.runtime("method must be common, ceil or floor");
        };
    }

    private static Object fileSize(Context c, @Nullable Object value, Args args) {
        Object binary = args.bind("filesizeformat", 0, "binary")[0];
        boolean two = binary != Args.ABSENT && Py.truth(binary);
        Double bytes = Py.isNumber(value)
                ? (Double) Py.toDouble(value)
                : value instanceof String s ? PyNumbers.parseFloat(s) : null;
        if (bytes == null) {
            throw JinjaError.runtime("filesizeformat expects a number");
        }
        double base = two ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return (long) (double) bytes + " Bytes";
        }
        String letters = two ? "KMGTPEZY" : "kMGTPEZY";
        double unit = base;
        int i = 0;
        while (i < letters.length() - 1 && bytes >= unit * base) {
            unit *= base;
            i++;
        }
        return String.format(Locale.ROOT, "%.1f %c%s", bytes / unit, letters.charAt(i), two ? "iB" : "B");
    }
}
