package ai.realm.core.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names set in one block of a template, on top of those of the blocks around it. */
final class Scope {
    /** Stands for "no such name", as null is Python's None. */
    static final Object ABSENT = new Object();

    private final @Nullable Scope parent;
    private @Nullable Map<String, @Nullable Object> names;

    Scope(@Nullable Scope parent) {
        this.parent = parent;
    }

    void set(String name, @Nullable Object value) {
        if (names == null) {
            names = new HashMap<>(8);
        }
        names.put(name, value);
    }

    /** The value, or {@link #ABSENT}. */
    @Nullable
    Object get(String name) {
        for (Scope s = this; s != null; s = s.parent) {
            if (s.names != null) {
                Object value = s.names.get(name);
                if (value != null || s.names.containsKey(name)) {
                    return value;
                }
            }
        }
        return ABSENT;
    }
}
