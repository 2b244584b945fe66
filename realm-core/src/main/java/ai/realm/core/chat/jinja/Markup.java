package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Text that the filter safe has marked as HTML: a string in everything but addition, which escapes what is added to it. Real
 * templates use it without meaning to, so their prompts depend on it.
 */
record Markup(String text) {
    /** The value without the mark. */
    static @Nullable Object plain(@Nullable Object v) {
        return v instanceof Markup m ? m.text() : v;
    }

    private static String escaped(Object v) {
        return v instanceof Markup m ? m.text() : PyStrings.escapeHtml((String) v);
    }

    /** The sum where one of two strings is marked, or null. */
    static @Nullable Object add(Context c, @Nullable Object a, @Nullable Object b) {
        if (a == null || b == null || !(a instanceof Markup) && !(b instanceof Markup)) {
            return null;
        }
        if (!(Markup.plain(a) instanceof String) || !(Markup.plain(b) instanceof String)) {
            return null;
        }
        return new Markup(c.made(escaped(a) + escaped(b)));
    }

    /** A method of a marked string: its parts are marked too, and what it joins is escaped. */
    static @Nullable Object method(Context c, Markup m, String name, Args args) {
        if (name.equals("join")) {
            List<@Nullable Object> items = Py.list(c, args.bind(name, 1, "iterable")[0]);
            items.replaceAll(v -> v instanceof Markup || v instanceof String ? escaped(v) : PyRepr.str(c, v));
            return new Markup(String.valueOf(PyStringMethods.call(c, m.text(), name, new Args(List.of(items), Map.of()))));
        }
        Object result = PyStringMethods.call(c, m.text(), name, args.plain());
        if (result instanceof List<?> parts) {
            List<@Nullable Object> marked = new ArrayList<>(parts.size());
            parts.forEach(v -> marked.add(like(m, v)));
            return parts instanceof PyTuple ? PyTuple.of(marked) : marked;
        }
        return like(m, result);
    }

    /** The result of an operation that keeps the mark of what it worked on. */
    static @Nullable Object like(@Nullable Object original, @Nullable Object result) {
        return original instanceof Markup && result instanceof String s ? new Markup(s) : result;
    }
}
