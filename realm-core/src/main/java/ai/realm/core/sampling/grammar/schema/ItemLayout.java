package ai.realm.core.sampling.grammar.schema;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which schema of one schema's {@code prefixItems}, {@code items} and {@code additionalItems} an index falls to. */
final class ItemLayout {
    private ItemLayout() {
    }

    /** The keyword with a schema for each of the first items, or null. */
    private static @Nullable String prefix(Schema s) {
        return s.get("prefixItems") instanceof List<?> || s.has("prefixItems") && !(s.get("prefixItems") instanceof Map<?, ?>)
                ? "prefixItems"
                : s.get("items") instanceof List<?> ? "items" : null;
    }

    static int prefixLength(Schema s) {
        String prefix = prefix(s);
        return prefix == null ? 0 : s.children(prefix).size();
    }

    /** The keyword for the items after the prefix, or null when nothing is said of them. */
    static @Nullable String rest(Schema s) {
        if (s.has("items") && !(s.get("items") instanceof List<?>)) {
            return "items";
        }
        if (s.get("prefixItems") instanceof Map<?, ?> && !s.has("items")) {
            // not what the standard has, but what people write and llama.cpp takes for items
            return "prefixItems";
        }
        return s.get("items") instanceof List<?> && s.has("additionalItems") ? "additionalItems" : null;
    }

    /** What holds of the item at an index, or null when nothing is said of it. */
    static @Nullable Schema at(Schema s, int index) {
        String prefix = prefix(s);
        if (prefix != null) {
            List<Schema> each = s.children(prefix);
            if (index < each.size()) {
                return each.get(index);
            }
        }
        String rest = rest(s);
        return rest == null ? null : s.child(rest);
    }
}
