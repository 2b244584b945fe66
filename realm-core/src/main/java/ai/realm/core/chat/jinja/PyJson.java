package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's json.dumps, with its spaces. */
final class PyJson {
    private final Context c;
    private final boolean ascii;
    private final boolean sortKeys;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final StringBuilder out = new StringBuilder();

    private PyJson(Context c, boolean ascii, boolean sortKeys, @Nullable String indent, String itemSeparator,
            String keySeparator) {
        this.c = c;
        this.ascii = ascii;
        this.sortKeys = sortKeys;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
    }

    /** The filter tojson as transformers defines it. */
    static String filter(Context c, @Nullable Object value, Args args) {
        Object[] a = args.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        String indent = switch (a[1]) {
            case String s -> s;
            case null -> null;
            default -> a[1] == Args.ABSENT ? null : " ".repeat(Math.clamp(Py.toInt(a[1], "indent"), 0, 100));
        };
        String item = indent == null ? ", " : ",";
        String key = ": ";
        if (a[2] != Args.ABSENT && a[2] != null) {
            if (!(a[2] instanceof List<?> pair) || pair.size() != 2) {
                throw JinjaError.runtime("separators must be a pair of strings");
            }
            item = Py.toStr(pair.get(0), "separators");
            key = Py.toStr(pair.get(1), "separators");
        }
        PyJson writer = new PyJson(c, a[0] != Args.ABSENT && Py.truth(a[0]), a[3] != Args.ABSENT && Py.truth(a[3]), indent, item,
                key);
        writer.write(value, 0);
        return c.made(writer.out.toString());
    }

    private void write(@Nullable Object v, int level) {
        c.enter();
        switch (v) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Long l -> out.append((long) l);
            case Double d -> out.append(number(d));
            case String s -> string(s);
            case Markup m -> string(m.text());
            case Map<?, ?> m -> object(m, level);
            case PyRange r -> throw unserializable(v);
            case List<?> l -> array(l, level);
            default -> throw unserializable(v);
        }
        if (out.length() > c.limits().valueSize()) {
            c.allocate(out.length());
        }
        c.leave();
    }

    private static JinjaError unserializable(Object v) {
        return JinjaError.runtime("Object of type " + Py.typeName(v) + " is not JSON serializable");
    }

    private static String number(double d) {
        return Double.isNaN(d)
                ? "NaN"
                : d == Double.POSITIVE_INFINITY
                        ? "Infinity"
                        : d == Double.NEGATIVE_INFINITY
                                ? "-Infinity"
                                : PyRepr.number(d);
    }

    private void array(List<?> list, int level) {
        if (list.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            newLine(level + 1);
            write(list.get(i), level + 1);
        }
        newLine(level);
        out.append(']');
    }

    private void object(Map<?, ?> map, int level) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sortKeys) {
            entries.sort((x, y) -> Py.compare(c, x.getKey(), y.getKey(), "<"));
        }
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> e : entries) {
            out.append(separator);
            newLine(level + 1);
            string(key(e.getKey()));
            out.append(keySeparator);
            write(e.getValue(), level + 1);
            separator = itemSeparator;
        }
        newLine(level);
        out.append('}');
    }

    private static String key(@Nullable Object key) {
        return switch (key) {
            case String s -> s;
            case null -> "null";
            case Boolean b -> b.toString();
            case Long l -> l.toString();
            case Double d -> number(d);
            default -> throw JinjaError.runtime("keys must be str, int, float, bool or None, not " + Py.typeName(key));
        };
    }

    private void newLine(int level) {
        if (indent != null) {
            out.append('\n');
            for (int i = 0; i < level; i++) {
                out.append(indent);
            }
        }
    }

    private void string(String s) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char x = s.charAt(i);
            switch (x) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (x < 0x20 || ascii && x > 0x7e) {
                        out.append(x == 0x7f ? "\u007f" : String.format("\\u%04x", (int) x));
                    } else {
                        out.append(x);
                    }
                }
            }
        }
        out.append('"');
    }
}
