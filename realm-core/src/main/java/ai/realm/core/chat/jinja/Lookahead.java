package ai.realm.core.chat.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** An iterator that finds its next item when asked for it. */
abstract class Lookahead implements Iterator<@Nullable Object> {
    static final Object END = new Object();
    private static final Object UNKNOWN = new Object();

    private @Nullable Object next = UNKNOWN;

    /** The next item, or {@link #END}. */
    protected abstract @Nullable Object find();

    @Override
    public boolean hasNext() {
        if (next == UNKNOWN) {
            next = find();
        }
        return next != END;
    }

    @Override
    public @Nullable Object next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Object item = next;
        next = UNKNOWN;
        return item;
    }
}
