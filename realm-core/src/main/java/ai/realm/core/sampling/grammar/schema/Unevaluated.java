package ai.realm.core.sampling.grammar.schema;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code unevaluatedProperties} and {@code unevaluatedItems} of one case as what says the same without them: of the schemas that the case
 * assumes to hold at the same place, those that speak of members leave the rest to the keyword. Schemas that hold beside those that are
 * assumed could only leave less, so what is allowed is valid. Items that {@code contains} finds count as unevaluated, as in some drafts.
 */
final class Unevaluated {
    private Unevaluated() {
    }

    /** What holds instead of the keyword; nothing when no member is left to it. */
    static List<Atom> atoms(Schema s, String keyword, Set<Schema> holding, SchemaDocument document) {
        for (Schema other : holding) {
            if (!other.equals(s) && other.has(keyword)) {
                return List.of();
            }
        }
        return keyword.equals("unevaluatedItems") ? items(s, holding, document) : properties(s, holding, document);
    }

    private static List<Atom> properties(Schema s, Set<Schema> holding, SchemaDocument document) {
        Map<String, @Nullable Object> names = new LinkedHashMap<>();
        Map<String, @Nullable Object> patterns = new LinkedHashMap<>();
        for (Schema other : holding) {
            if (other.has("additionalProperties")) {
                return List.of();
            }
            other.memberNames("properties").forEach(n -> names.put(n, true));
            other.memberNames("patternProperties").forEach(p -> patterns.put(p, true));
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("properties", names);
        json.put("patternProperties", patterns);
        Schema made = document.instead(s, "unevaluatedProperties", json, "additionalProperties");
        return says(made, "properties", "patternProperties", "additionalProperties");
    }

    private static List<Atom> items(Schema s, Set<Schema> holding, SchemaDocument document) {
        int prefix = 0;
        for (Schema other : holding) {
            if (ItemLayout.rest(other) != null) {
                return List.of();
            }
            prefix = Math.max(prefix, ItemLayout.prefixLength(other));
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("prefixItems", Collections.nCopies(prefix, true));
        Schema made = document.instead(s, "unevaluatedItems", json, "items");
        return says(made, "prefixItems", "items");
    }

    private static List<Atom> says(Schema s, String... keywords) {
        List<Atom> out = new ArrayList<>();
        for (String keyword : keywords) {
            out.add(new Atom.Says(s, keyword, true));
        }
        return out;
    }

    /** The schemas that one leads to by what holds at the same place, itself among them. */
    static Set<Schema> holding(Schema from, Map<Schema, List<Schema>> links) {
        Set<Schema> out = new LinkedHashSet<>();
        List<Schema> todo = new ArrayList<>(List.of(from));
        while (!todo.isEmpty()) {
            Schema next = todo.removeLast();
            if (out.add(next)) {
                todo.addAll(links.getOrDefault(next, List.of()));
            }
        }
        return out;
    }
}
