package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.schema.SchemaJson.Num;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One schema of a document, where it stands; reads its keywords with their types. */
final class Schema {
    /** Keywords that say nothing about what is valid. */
    private static final Set<String> ANNOTATIONS = Set.of("definitions", "$defs", "$schema", "$id", "id", "$comment", "title",
            "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$anchor", "$dynamicAnchor",
            "$recursiveAnchor", "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema", "then", "else",
            "minContains", "maxContains");

    /** Counts beyond this are as good as none. */
    private static final int MAX_COUNT = 1 << 28;

    private final SchemaDocument document;
    private final int id;
    private final Object json;
    private final String pointer;
    private final SchemaDocument.Resource resource;
    // by keyword, what is asked for again and again
    private final Map<String, Set<Object>> valueKeys = new HashMap<>();
    private final Map<String, List<Schema>> children = new HashMap<>();
    private final Map<String, Map<String, Schema>> named = new HashMap<>();

    /** @param json a Map or a Boolean */
    Schema(SchemaDocument document, int id, Object json, String pointer, SchemaDocument.Resource resource) {
        this.document = document;
        this.id = id;
        this.json = json;
        this.pointer = pointer;
        this.resource = resource;
    }

    /** Rises in the order of the document. */
    int id() {
        return id;
    }

    /** Where it stands, as a JSON pointer in a fragment: {@code #/properties/a}. */
    String pointer() {
        return pointer;
    }

    SchemaDocument.Resource resource() {
        return resource;
    }

    boolean isFalse() {
        return json instanceof Boolean b && !b;
    }

    /** Whether it is plain to see that everything is valid. */
    boolean isTrue() {
        return json instanceof Boolean b ? b : keys().keySet().stream().allMatch(this::saysNothing);
    }

    /** Whether {@code $ref} is all that it says. */
    boolean isReference() {
        return json instanceof Map<?, ?> m && m.containsKey("$ref")
                && keys().keySet().stream().allMatch(k -> k.equals("$ref") || saysNothing(k));
    }

    private boolean saysNothing(String keyword) {
        return ANNOTATIONS.contains(keyword) || !Keywords.KNOWN.contains(keyword);
    }

    @SuppressWarnings("unchecked")
    Map<String, @Nullable Object> keys() {
        return json instanceof Map<?, ?> m ? (Map<String, @Nullable Object>) m : Map.of();
    }

    boolean has(String keyword) {
        return keys().containsKey(keyword);
    }

    @Nullable
    Object get(String keyword) {
        return keys().get(keyword);
    }

    UnholdableException unholdable(String keyword, String why) {
        return UnholdableException.at(this, keyword, why);
    }

    private UnholdableException wrong(String keyword, String expected) {
        String shown = SchemaJson.write(get(keyword));
        return unholdable(keyword,
                "must be " + expected + ", not " + (shown.length() > 60 ? shown.substring(0, 60) + "…" : shown));
    }

    /** The schema that a keyword holds. */
    Schema child(String keyword) {
        return document.at(get(keyword), pointer + "/" + SchemaDocument.escaped(keyword), this, keyword);
    }

    /** The schemas of a keyword's list. */
    List<Schema> children(String keyword) {
        List<Schema> known = children.get(keyword);
        if (known == null) {
            known = List.copyOf(makeChildren(keyword));
            children.put(keyword, known);
        }
        return known;
    }

    private List<Schema> makeChildren(String keyword) {
        if (!(get(keyword) instanceof List<?> list)) {
            throw wrong(keyword, "a list of schemas");
        }
        List<Schema> out = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            out.add(document.at(list.get(i), pointer + "/" + keyword + "/" + i, this, keyword));
        }
        return out;
    }

    /** The schemas of a keyword, by name; none when it is absent. */
    Map<String, Schema> named(String keyword) {
        if (!has(keyword)) {
            return Map.of();
        }
        Map<String, Schema> known = named.get(keyword);
        if (known == null) {
            known = Collections.unmodifiableMap(makeNamed(keyword));
            named.put(keyword, known);
        }
        return known;
    }

    private Map<String, Schema> makeNamed(String keyword) {
        if (!(get(keyword) instanceof Map<?, ?> m)) {
            throw wrong(keyword, "an object of schemas");
        }
        Map<String, Schema> out = new LinkedHashMap<>();
        m.forEach((name, value) -> out.put((String) name, member(keyword, (String) name)));
        return out;
    }

    /** One of the schemas of a keyword, or null. */
    @Nullable
    Schema named(String keyword, String name) {
        return get(keyword) instanceof Map<?, ?> m && m.containsKey(name) ? member(keyword, name) : null;
    }

    /** The names in a keyword's object; none when it is absent. */
    List<String> memberNames(String keyword) {
        if (!has(keyword)) {
            return List.of();
        }
        if (!(get(keyword) instanceof Map<?, ?> m)) {
            throw wrong(keyword, "an object");
        }
        return m.keySet().stream().map(k -> (String) k).toList();
    }

    /** What stands under a name in a keyword's object. */
    @Nullable
    Object entry(String keyword, String name) {
        return get(keyword) instanceof Map<?, ?> m ? m.get(name) : null;
    }

    /** The names that a dependency asks for when it asks for nothing else, or null. */
    @Nullable
    List<String> askedNames(String keyword, String trigger) {
        Object entry = entry(keyword, trigger);
        if (entry instanceof List<?>) {
            return names(keyword, entry);
        }
        Schema s = member(keyword, trigger);
        boolean onlyNames = s.has("required") && s.keys().keySet().stream().allMatch(k -> k.equals("required") || saysNothing(k));
        return onlyNames ? s.names("required") : null;
    }

    /** The keyword that this schema stands in, or {@code $ref} when it is one of the definitions. */
    String heldBy() {
        String[] parts = pointer.split("/");
        for (int i = parts.length - 1; i > 0; i--) {
            if (Keywords.KNOWN.contains(parts[i]) || parts[i].equals("then") || parts[i].equals("else")) {
                return parts[i];
            }
            if (parts[i].equals("definitions") || parts[i].equals("$defs")) {
                break;
            }
        }
        return "$ref";
    }

    Schema member(String keyword, String name) {
        Object value = get(keyword) instanceof Map<?, ?> m ? m.get(name) : null;
        return document.at(value, pointer + "/" + keyword + "/" + SchemaDocument.escaped(name), this, keyword);
    }

    /** The names in a keyword's list; none when it is absent. */
    List<String> names(String keyword) {
        return has(keyword) ? names(keyword, get(keyword)) : List.of();
    }

    /** The names in a list that stands somewhere in a keyword. */
    List<String> names(String keyword, @Nullable Object value) {
        List<String> out = new ArrayList<>();
        if (value instanceof List<?> list) {
            for (Object name : list) {
                if (!(name instanceof String s)) {
                    throw wrong(keyword, "a list of strings");
                }
                out.add(s);
            }
            return out;
        }
        throw wrong(keyword, "a list of strings");
    }

    /** The values of {@code enum} or the one of {@code const}. */
    List<@Nullable Object> values(String keyword) {
        if (keyword.equals("const")) {
            List<@Nullable Object> one = new ArrayList<>();
            one.add(get(keyword));
            return one;
        }
        if (!(get(keyword) instanceof List<?> list)) {
            throw wrong(keyword, "a list of values");
        }
        return new ArrayList<>(list);
    }

    /** The keys of those values, made once: that a value is one of many takes one look. */
    Set<Object> valueKeys(String keyword) {
        return valueKeys.computeIfAbsent(keyword, k -> {
            Set<Object> out = new HashSet<>();
            values(k).forEach(v -> out.add(JsonValues.key(v)));
            return out;
        });
    }

    /** A count that is not negative, or {@code absent}. */
    int count(String keyword, int absent) {
        BigDecimal n = number(keyword);
        if (n == null) {
            return absent;
        }
        if (n.signum() < 0 || n.stripTrailingZeros().scale() > 0) {
            throw wrong(keyword, "an integer that is not negative");
        }
        return n.min(BigDecimal.valueOf(MAX_COUNT)).intValueExact();
    }

    @Nullable
    BigDecimal number(String keyword) {
        if (!has(keyword)) {
            return null;
        }
        if (!(get(keyword) instanceof Num n)) {
            throw wrong(keyword, "a number");
        }
        BigDecimal value = JsonValues.decimal(n);
        if (value == null) {
            throw wrong(keyword, "a number of at most 400 digits");
        }
        return value;
    }

    String text(String keyword) {
        if (get(keyword) instanceof String s) {
            return s;
        }
        throw wrong(keyword, "a string");
    }

    /** The names of the types, as {@code type} gives them. */
    List<String> types() {
        List<String> out = get("type") instanceof String s ? List.of(s) : names("type");
        for (String type : out) {
            if (!Keywords.TYPES.contains(type)) {
                throw wrong("type", "one of " + String.join(", ", Keywords.TYPES));
            }
        }
        return out;
    }
}
