package ai.realm.core.sampling.grammar.schema;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Branches that each name their values, as one enumeration: what {@code anyOf} and {@code oneOf} of constants mean. */
final class Constants {
    private Constants() {
    }

    /** The values that such a keyword allows, each once; null when a branch says anything else. */
    static @Nullable List<@Nullable Object> of(Schema s, String keyword) {
        Map<Object, @Nullable Object> values = new LinkedHashMap<>();
        Map<Object, Integer> times = new HashMap<>();
        for (Schema branch : s.children(keyword)) {
            String names = branch.has("const") ? "const" : "enum";
            if (!branch.has(names) || branch.keys().keySet().stream()
                    .anyMatch(k -> Keywords.KNOWN.contains(k) && !k.equals(names) && !k.equals("type"))) {
                return null;
            }
            Map<Object, @Nullable Object> own = new LinkedHashMap<>();
            for (Object value : branch.values(names)) {
                if (!branch.has("type") || Evaluation.typed(value, branch.types())) {
                    own.putIfAbsent(JsonValues.key(value), value);
                }
            }
            own.forEach((key, value) -> {
                values.putIfAbsent(key, value);
                times.merge(key, 1, Integer::sum);
            });
        }
        List<@Nullable Object> out = new ArrayList<>();
        values.forEach((key, value) -> {
            if (keyword.equals("anyOf") || times.getOrDefault(key, 0) == 1) {
                out.add(value);
            }
        });
        return out;
    }
}
