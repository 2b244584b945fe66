package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's strings: sequences of code points. */
final class PyStrings {
    private PyStrings() {
    }

    /** What str.isspace says of a character. */
    static boolean isSpace(int cp) {
        return cp == ' ' || cp >= 9 && cp <= 13 || cp >= 0x1c && cp <= 0x1f || cp == 0x85 || cp == 0xa0
                || cp >= 0x1680 && (cp == 0x2028 || cp == 0x2029 || Character.getType(cp) == Character.SPACE_SEPARATOR);
    }

    static boolean isSpace(String s) {
        return !s.isEmpty() && s.codePoints().allMatch(PyStrings::isSpace);
    }

    /** What splitlines takes for the end of a line, besides the pair of carriage return and line feed. */
    static boolean isLineBreak(int cp) {
        return cp >= 10 && cp <= 13 || cp >= 0x1c && cp <= 0x1e || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
    }

    /** @param characters what to strip; null for white space */
    static String strip(String s, @Nullable String characters, boolean left, boolean right) {
        int from = 0;
        int to = s.length();
        while (left && from < to && strips(s.codePointAt(from), characters)) {
            from += Character.charCount(s.codePointAt(from));
        }
        while (right && to > from && strips(s.codePointBefore(to), characters)) {
            to -= Character.charCount(s.codePointBefore(to));
        }
        return s.substring(from, to);
    }

    private static boolean strips(int cp, @Nullable String characters) {
        return characters == null ? isSpace(cp) : characters.indexOf(cp) >= 0;
    }

    static int compare(String a, String b) {
        int n = Math.min(a.length(), b.length());
        for (int i = 0; i < n; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // surrogates stand for code points above all others
                boolean high = Character.isSurrogate(x) != Character.isSurrogate(y);
                return high ? (Character.isSurrogate(x) ? 1 : -1) : Character.compare(x, y);
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    /** Steps to charge for a search that may compare every part with every place. */
    static long searchCost(String s, String part) {
        return 1 + s.length() / 64 + (part.length() > 64 ? (long) s.length() * part.length() / 1024 : 0);
    }

    static Iterator<@Nullable Object> characters(String s) {
        return new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                return at < s.length();
            }

            @Override
            public Object next() {
                int end = s.offsetByCodePoints(at, 1);
                String one = s.substring(at, end);
                at = end;
                return one;
            }
        };
    }

    /** The character at a Python index, or {@link Scope#ABSENT}. */
    static Object at(String s, long index) {
        int size = s.codePointCount(0, s.length());
        int i = PyAccess.index(index, size);
        if (i < 0) {
            return Scope.ABSENT;
        }
        int from = size == s.length() ? i : s.offsetByCodePoints(0, i);
        return s.substring(from, s.offsetByCodePoints(from, 1));
    }

    static String slice(String s, int start, int end, int step) {
        int size = s.codePointCount(0, s.length());
        if (step == 1) {
            if (start >= end) {
                return "";
            }
            return size == s.length()
                    ? s.substring(start, end)
                    : s.substring(s.offsetByCodePoints(0, start), s.offsetByCodePoints(0, end));
        }
        int[] points = s.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        for (long i = start; step > 0 ? i < end : i > end; i += step) {
            out.appendCodePoint(points[(int) i]);
        }
        return out.toString();
    }

    static List<@Nullable Object> splitLines(String s, boolean keepEnds) {
        List<@Nullable Object> out = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < s.length(); i++) {
            if (isLineBreak(s.charAt(i))) {
                int end = s.charAt(i) == '\r' && i + 1 < s.length() && s.charAt(i + 1) == '\n' ? i + 2 : i + 1;
                out.add(s.substring(from, keepEnds ? end : i));
                from = end;
                i = end - 1;
            }
        }
        if (from < s.length()) {
            out.add(s.substring(from));
        }
        return out;
    }

    /** Splits at white space. */
    static List<@Nullable Object> splitWords(String s, int max, boolean fromRight) {
        List<@Nullable Object> out = new ArrayList<>();
        if (fromRight) {
            int to = strip(s, null, false, true).length();
            while (to > 0) {
                String head = s.substring(0, to);
                int from = to;
                while (from > 0 && !isSpace(s.codePointBefore(from))) {
                    from -= Character.charCount(s.codePointBefore(from));
                }
                boolean last = max >= 0 && out.size() == max;
                out.addFirst(last ? strip(head, null, false, true) : s.substring(from, to));
                to = last ? 0 : strip(s.substring(0, from), null, false, true).length();
            }
            return out;
        }
        int from = s.length() - strip(s, null, true, false).length();
        while (from < s.length()) {
            int to = from;
            while (to < s.length() && !isSpace(s.codePointAt(to))) {
                to += Character.charCount(s.codePointAt(to));
            }
            if (max >= 0 && out.size() == max) {
                out.add(s.substring(from));
                return out;
            }
            out.add(s.substring(from, to));
            while (to < s.length() && isSpace(s.codePointAt(to))) {
                to += Character.charCount(s.codePointAt(to));
            }
            from = to;
        }
        return out;
    }

    static List<@Nullable Object> split(String s, String separator, int max, boolean fromRight) {
        if (separator.isEmpty()) {
            throw JinjaError.runtime("empty separator");
        }
        List<@Nullable Object> out = new ArrayList<>();
        if (fromRight) {
            int to = s.length();
            int at;
            while ((max < 0 || out.size() < max) && (at = s.lastIndexOf(separator, to - separator.length())) >= 0
                    && to >= separator.length()) {
                out.add(s.substring(at + separator.length(), to));
                to = at;
            }
            out.add(s.substring(0, to));
            return out.reversed().stream().<@Nullable Object>map(x -> x).toList();
        }
        int from = 0;
        int at;
        while ((max < 0 || out.size() < max) && (at = s.indexOf(separator, from)) >= 0) {
            out.add(s.substring(from, at));
            from = at + separator.length();
        }
        out.add(s.substring(from));
        return out;
    }

    /** Replaces the first {@code max} occurrences; all if negative. */
    static String replace(Context c, String s, String old, String with, int max) {
        c.work(searchCost(s, old));
        if (max == 0 || old.isEmpty() && s.isEmpty() && max > 0 && with.isEmpty()) {
            return s;
        }
        StringBuilder out = new StringBuilder(s.length());
        int from = 0;
        int count = 0;
        if (old.isEmpty()) {
            for (int i = 0; i <= s.length(); i = i < s.length() ? s.offsetByCodePoints(i, 1) : i + 1) {
                out.append(s, from, i);
                from = i;
                if (max < 0 || count++ < max) {
                    append(c, out, with);
                }
            }
            return c.made(out.append(s, from, s.length()).toString());
        }
        int at;
        while ((max < 0 || count < max) && (at = s.indexOf(old, from)) >= 0) {
            out.append(s, from, at);
            append(c, out, with);
            from = at + old.length();
            count++;
        }
        return count == 0 ? s : c.made(out.append(s, from, s.length()).toString());
    }

    private static void append(Context c, StringBuilder out, String part) {
        out.append(part);
        if (out.length() > c.limits().valueSize()) {
            c.allocate(out.length());
        }
    }

    static String capitalize(String s) {
        if (s.isEmpty()) {
            return s;
        }
        int first = s.codePointAt(0);
        int n = Character.charCount(first);
        return titleCase(first) + lower(s.substring(n), s, n);
    }

    /** Lower case of a part of a string, with its final sigma right. */
    private static String lower(String part, String whole, int at) {
        return whole.toLowerCase(java.util.Locale.ROOT).length() == whole.length()
                ? whole.toLowerCase(java.util.Locale.ROOT).substring(at)
                : part.toLowerCase(java.util.Locale.ROOT);
    }

    static String titleCase(int cp) {
        int title = Character.toTitleCase(cp);
        String one = Character.toString(cp);
        // expansions such as ß -> Ss come from the upper case
        String upper = one.toUpperCase(java.util.Locale.ROOT);
        if (title == cp && upper.codePointCount(0, upper.length()) > 1) {
            int first = upper.offsetByCodePoints(0, 1);
            return upper.substring(0, first) + upper.substring(first).toLowerCase(java.util.Locale.ROOT);
        }
        return Character.toString(title);
    }

    /** str.title: every run of cased characters begins with a capital. */
    static String title(String s) {
        StringBuilder out = new StringBuilder(s.length());
        boolean inside = false;
        for (int i = 0; i < s.length();) {
            int cp = s.codePointAt(i);
            out.append(inside ? Character.toString(cp).toLowerCase(java.util.Locale.ROOT) : titleCase(cp));
            inside = isCased(cp);
            i += Character.charCount(cp);
        }
        return out.toString();
    }

    static boolean isCased(int cp) {
        return Character.isUpperCase(cp) || Character.isLowerCase(cp) || Character.isTitleCase(cp);
    }

    static String pad(Context c, String s, int width, String fill, double leftShare) {
        int missing = width - s.codePointCount(0, s.length());
        if (missing <= 0) {
            return s;
        }
        c.allocate((long) width * 2);
        int left = leftShare == 0.5 ? missing / 2 + (missing & width & 1) : (int) (missing * leftShare);
        return fill.repeat(left) + s + fill.repeat(missing - left);
    }

    static String escapeHtml(String s) {
        return s.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace("'", "&#39;").replace("\"", "&#34;");
    }
}
