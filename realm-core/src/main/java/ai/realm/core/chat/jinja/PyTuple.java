package ai.realm.core.chat.jinja;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/** Python's tuple. */
final class PyTuple extends AbstractList<@Nullable Object> implements RandomAccess {
    private final @Nullable Object[] items;
    private final boolean group;

    PyTuple(@Nullable Object... items) {
        this.items = items;
        this.group = false;
    }

    private PyTuple(@Nullable Object[] items, boolean group) {
        this.items = items;
        this.group = group;
    }

    /** A result of groupby, whose parts have the names grouper and list too. */
    static PyTuple group(@Nullable Object grouper, List<@Nullable Object> list) {
        return new PyTuple(new @Nullable Object[]{grouper, list}, true);
    }

    boolean isGroup() {
        return group;
    }

    static PyTuple of(List<? extends @Nullable Object> items) {
        return new PyTuple(items.toArray());
    }

    @Override
    public @Nullable Object get(int index) {
        return items[index];
    }

    @Override
    public int size() {
        return items.length;
    }
}
