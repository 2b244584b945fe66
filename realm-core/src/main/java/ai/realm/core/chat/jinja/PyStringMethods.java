package ai.realm.core.chat.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's str. */
final class PyStringMethods {
    static final Set<String> NAMES = Set.of("capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs",
            "find", "format", "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
            "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip",
            "maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition",
            "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill");

    private PyStringMethods() {
    }

    static @Nullable Object call(Context c, String s, String name, Args args) {
        c.work(1 + s.length() / 64);
        return switch (name) {
            case "strip", "lstrip", "rstrip" -> strip(c, s, name, args);
            case "split", "rsplit" -> split(c, s, name, args);
            case "splitlines" -> splitLines(c, s, args);
            case "startswith", "endswith" -> affix(s, name, args);
            case "removeprefix" -> removeAffix(s, name, args, true);
            case "removesuffix" -> removeAffix(s, name, args, false);
            case "replace" -> replace(c, s, args);
            case "find", "rfind", "index", "rindex", "count" -> search(c, s, name, args);
            case "join" -> join(c, s, args.bind(name, 1, "iterable")[0]);
            case "format" -> PyFormat.format(c, s, args);
            case "partition", "rpartition" -> partition(c, s, name, args);
            case "center", "ljust", "rjust", "zfill" -> pad(c, s, name, args);
            case "expandtabs" -> expandTabs(c, s, args);
            default -> plain(c, s, name, args);
        };
    }

    private static Object plain(Context c, String s, String name, Args args) {
        args.bind(name, 0);
        return switch (name) {
            case "upper" -> c.made(s.toUpperCase(Locale.ROOT));
            case "lower" -> c.made(s.toLowerCase(Locale.ROOT));
            case "casefold" -> c.made(s.replace("ß", "ss").toLowerCase(Locale.ROOT));
            case "title" -> c.made(PyStrings.title(s));
            case "capitalize" -> c.made(PyStrings.capitalize(s));
            case "swapcase" -> c.made(swapCase(s));
            case "isspace" -> PyStrings.isSpace(s);
            case "isascii" -> s.chars().allMatch(x -> x < 128);
            case "isprintable" -> s.codePoints().allMatch(PyRepr::isPrintable);
            case "isalpha" -> all(s, Character::isLetter);
            case "isalnum" -> all(s, x -> Character.isLetter(x) || isNumeric(x));
            case "isdecimal" -> all(s, Character::isDigit);
            case "isdigit" -> all(s, x -> Character.isDigit(x) || isSuperscript(x));
            case "isnumeric" -> all(s, PyStringMethods::isNumeric);
            case "islower" -> cased(s, x -> Character.isUpperCase(x) || Character.isTitleCase(x));
            case "isupper" -> cased(s, x -> Character.isLowerCase(x) || Character.isTitleCase(x));
            case "istitle" -> isTitle(s);
            case "isidentifier" -> isIdentifier(s);
            default -> throw JinjaError.runtime("str." + name + " is not supported");
        };
    }

    private static boolean all(String s, IntPredicate test) {
        return !s.isEmpty() && s.codePoints().allMatch(test);
    }

    private static boolean isSuperscript(int cp) {
        return cp == 0xb2 || cp == 0xb3 || cp == 0xb9 || cp == 0x2070 || cp >= 0x2074 && cp <= 0x2079
                || cp >= 0x2080 && cp <= 0x2089;
    }

    private static boolean isNumeric(int cp) {
        int type = Character.getType(cp);
        return type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER || type == Character.OTHER_NUMBER;
    }

    private static boolean cased(String s, IntPredicate wrong) {
        return s.codePoints().anyMatch(PyStrings::isCased) && s.codePoints().noneMatch(wrong);
    }

    private static boolean isTitle(String s) {
        return s.codePoints().anyMatch(PyStrings::isCased) && PyStrings.title(s).equals(s);
    }

    private static boolean isIdentifier(String s) {
        return !s.isEmpty() && (Character.isUnicodeIdentifierStart(s.codePointAt(0)) || s.charAt(0) == '_')
                && s.codePoints().allMatch(x -> Character.isUnicodeIdentifierPart(x) && !Character.isIdentifierIgnorable(x));
    }

    private static String swapCase(String s) {
        StringBuilder out = new StringBuilder(s.length());
        s.codePoints().forEach(x -> {
            String one = Character.toString(x);
            out.append(Character.isUpperCase(x) ? one.toLowerCase(Locale.ROOT) : one.toUpperCase(Locale.ROOT));
        });
        return out.toString();
    }

    private static @Nullable String stringOrNone(@Nullable Object v, String what) {
        return v == null || v == Args.ABSENT ? null : Py.toStr(v, what);
    }

    private static String strip(Context c, String s, String name, Args args) {
        String characters = stringOrNone(args.bind(name, 0, "chars")[0], "chars");
        return PyStrings.strip(s, characters, !name.equals("rstrip"), !name.equals("lstrip"));
    }

    private static Object split(Context c, String s, String name, Args args) {
        Object[] a = args.bind(name, 0, "sep", "maxsplit");
        String separator = stringOrNone(a[0], "sep");
        int max = a[1] == Args.ABSENT ? -1 : Py.toInt(a[1], "maxsplit");
        boolean right = name.equals("rsplit");
        c.work(s.length() / 8 + (separator == null ? 0 : PyStrings.searchCost(s, separator)));
        List<@Nullable Object> parts = separator == null
                ? PyStrings.splitWords(s, max, right)
                : PyStrings.split(s, separator, max, right);
        c.allocate(s.length() + parts.size());
        return parts;
    }

    private static Object splitLines(Context c, String s, Args args) {
        Object keep = args.bind("splitlines", 0, "keepends")[0];
        List<@Nullable Object> lines = PyStrings.splitLines(s, keep != Args.ABSENT && Py.truth(keep));
        c.allocate(s.length() + lines.size());
        return lines;
    }

    private static boolean affix(String s, String name, Args args) {
        Object[] a = args.bind(name, 1, "prefix", "start", "end");
        int size = s.codePointCount(0, s.length());
        int rawFrom = a[1] == Args.ABSENT || a[1] == null ? 0 : Py.toInt(a[1], "start");
        int from = PyAccess.clamp(rawFrom, size);
        int to = a[2] == Args.ABSENT || a[2] == null ? size : PyAccess.clamp(Py.toInt(a[2], "end"), size);
        String part = from > to ? null : PyStrings.slice(s, from, to, 1);
        boolean beyond = rawFrom > size;
        for (Object affix : a[0] instanceof PyTuple t ? t : java.util.Collections.singletonList(a[0])) {
            String wanted = Py.toStr(affix, name + " first arg");
            if (part != null && !beyond && (name.equals("startswith") ? part.startsWith(wanted) : part.endsWith(wanted))) {
                return true;
            }
        }
        return false;
    }

    private static String removeAffix(String s, String name, Args args, boolean prefix) {
        String affix = Py.toStr(args.bind(name, 1, "affix")[0], name + " argument");
        if (prefix) {
            return s.startsWith(affix) ? s.substring(affix.length()) : s;
        }
        return s.endsWith(affix) ? s.substring(0, s.length() - affix.length()) : s;
    }

    private static String replace(Context c, String s, Args args) {
        Object[] a = args.bind("replace", 2, "old", "new", "count");
        int max = a[2] == Args.ABSENT ? -1 : Py.toInt(a[2], "count");
        return PyStrings.replace(c, s, Py.toStr(a[0], "replace() argument 1"), Py.toStr(a[1], "replace() argument 2"), max);
    }

    private static Object search(Context c, String s, String name, Args args) {
        Object[] a = args.bind(name, 1, "sub", "start", "end");
        String part = Py.toStr(a[0], name + "() argument");
        int size = s.codePointCount(0, s.length());
        int rawFrom = a[1] == Args.ABSENT || a[1] == null ? 0 : Py.toInt(a[1], "start");
        int from = PyAccess.clamp(rawFrom, size);
        int to = a[2] == Args.ABSENT || a[2] == null ? size : PyAccess.clamp(Py.toInt(a[2], "end"), size);
        c.work(PyStrings.searchCost(s, part));
        String window = from > to || rawFrom > size ? null : PyStrings.slice(s, from, to, 1);
        if (name.equals("count")) {
            return window == null ? 0L : occurrences(window, part);
        }
        int at = window == null ? -1 : name.startsWith("r") ? window.lastIndexOf(part) : window.indexOf(part);
        if (at < 0 && name.endsWith("index")) {
            throw JinjaError.runtime("substring not found");
        }
        return at < 0 ? -1L : (long) from + java.util.Objects.requireNonNull(window).codePointCount(0, at);
    }

    private static long occurrences(String s, String part) {
        if (part.isEmpty()) {
            return s.codePointCount(0, s.length()) + 1L;
        }
        long count = 0;
        for (int at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    static String join(Context c, String separator, @Nullable Object items) {
        StringBuilder out = new StringBuilder();
        int i = 0;
        for (Iterator<@Nullable Object> it = Py.iterate(items); it.hasNext(); i++) {
            Object item = Markup.plain(it.next());
            c.work(1);
            if (!(item instanceof String part)) {
                throw JinjaError.runtime("sequence item " + i + ": expected str instance, " + Py.typeName(item) + " found");
            }
            out.append(i == 0 ? "" : separator).append(part);
            if (out.length() > c.limits().valueSize()) {
                c.allocate(out.length());
            }
        }
        return c.made(out.toString());
    }

    private static PyTuple partition(Context c, String s, String name, Args args) {
        String separator = Py.toStr(args.bind(name, 1, "sep")[0], "sep");
        if (separator.isEmpty()) {
            throw JinjaError.runtime("empty separator");
        }
        c.work(PyStrings.searchCost(s, separator));
        boolean right = name.equals("rpartition");
        int at = right ? s.lastIndexOf(separator) : s.indexOf(separator);
        if (at < 0) {
            return right ? new PyTuple("", "", s) : new PyTuple(s, "", "");
        }
        return new PyTuple(s.substring(0, at), separator, s.substring(at + separator.length()));
    }

    private static String pad(Context c, String s, String name, Args args) {
        Object[] a = args.bind(name, 1, "width", "fillchar");
        int width = Py.toInt(a[0], "width");
        String fill = a[1] == Args.ABSENT ? " " : Py.toStr(a[1], "fillchar");
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw JinjaError.runtime("the fill character must be exactly one character long");
        }
        if (name.equals("zfill")) {
            boolean signed = s.startsWith("-") || s.startsWith("+");
            String digits = signed ? s.substring(1) : s;
            return (signed ? s.substring(0, 1) : "") + PyStrings.pad(c, digits, signed ? width - 1 : width, "0", 1);
        }
        return PyStrings.pad(c, s, width, fill, name.equals("center") ? 0.5 : name.equals("rjust") ? 1 : 0);
    }

    private static String expandTabs(Context c, String s, Args args) {
        Object size = args.bind("expandtabs", 0, "tabsize")[0];
        int tab = size == Args.ABSENT ? 8 : Py.toInt(size, "tabsize");
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int i = 0; i < s.length(); i++) {
            char x = s.charAt(i);
            if (x == '\t') {
                int spaces = tab > 0 ? tab - column % tab : 0;
                c.allocate(spaces);
                out.append(" ".repeat(spaces));
                column += spaces;
            } else {
                out.append(x);
                column = x == '\n' || x == '\r' ? 0 : column + (Character.isLowSurrogate(x) ? 0 : 1);
            }
        }
        return c.made(out.toString());
    }
}
