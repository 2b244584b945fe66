package ai.realm.core.chat.jinja;

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

    /** The result of an operation that keeps the mark of what it worked on. */
    static @Nullable Object like(@Nullable Object original, @Nullable Object result) {
        return original instanceof Markup && result instanceof String s ? new Markup(s) : result;
    }
}
