package ai.realm.core.sampling.grammar.schema;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A schema's whole document: every schema in it by its place, the resources that {@code $id} makes, their anchors, and where
 * references lead. Nothing is ever fetched.
 */
final class SchemaDocument {
    /**
     * A part of the document with a base of its own.
     *
     * @param base an absolute URI without a fragment, or empty
     * @param pointer of its root
     */
    record Resource(String base, String pointer, Map<String, Schema> anchors, Map<String, Schema> dynamicAnchors) {
        Resource(String base, String pointer) {
            this(base, pointer, new HashMap<>(), new HashMap<>());
        }
    }

    private final @Nullable Object json;
    /** Whether it says that it is of a draft in which $ref hides what stands beside it. */
    private final boolean old;
    private final Map<String, Schema> byPointer = new HashMap<>();
    private final Map<String, Resource> resources = new HashMap<>();
    private final List<Resource> allResources = new ArrayList<>();
    private final Schema root;
    private final Map<Instead, Schema> instead = new HashMap<>();
    /** By schema, what stands for its branches, which may be nothing. */
    private final Map<Schema, Map<String, Optional<Schema>>> constants = new HashMap<>();
    private int recursiveAnchors;
    private boolean unevaluated;

    /** What stands instead of a keyword. */
    private record Instead(Schema of, String keyword, Map<String, @Nullable Object> json) {}

    SchemaDocument(@Nullable Object json) {
        this.json = json;
        this.old = json instanceof Map<?, ?> top && top.get("$schema") instanceof String s && s.matches(".*draft-0[34567].*");
        Resource whole = new Resource("", "#");
        allResources.add(whole);
        if (!(json instanceof Map<?, ?>) && !(json instanceof Boolean)) {
            throw SchemaJson.bad("a schema must be an object or a boolean, not " + SchemaJson.write(json));
        }
        this.root = make(json, "#", whole);
    }

    Schema root() {
        return root;
    }

    static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    /** A schema below another one. */
    Schema at(@Nullable Object value, String pointer, Schema above, String keyword) {
        Schema known = byPointer.get(pointer);
        if (known != null) {
            return known;
        }
        if (!(value instanceof Map<?, ?>) && !(value instanceof Boolean)) {
            throw UnholdableException.at(above, keyword, "must hold schemas, each an object or a boolean, not "
                    + JsonValues.type(value));
        }
        return make(value, pointer, above.resource());
    }

    /** Whether what is evaluated elsewhere matters anywhere in it. */
    boolean hasUnevaluated() {
        return unevaluated;
    }

    /**
     * A schema that says the same as a keyword does in some case; the same one for the same text.
     *
     * @param rest the keyword that holds what the replaced one held
     */
    Schema instead(Schema of, String keyword, Map<String, @Nullable Object> json, String rest) {
        Instead key = new Instead(of, keyword, json);
        Schema known = instead.get(key);
        if (known == null) {
            Schema held = of.child(keyword);
            Map<String, @Nullable Object> whole = new LinkedHashMap<>(json);
            whole.put(rest, of.get(keyword));
            String pointer = of.pointer() + "/" + keyword + "/" + instead.size();
            byPointer.put(pointer + "/" + rest, held);
            known = make(whole, pointer, of.resource());
            instead.put(key, known);
        }
        return known;
    }

    /** The enumeration that {@code anyOf} or {@code oneOf} of constants is, or null. */
    @Nullable
    Schema constants(Schema of, String keyword) {
        return constants.computeIfAbsent(of, s -> new HashMap<>()).computeIfAbsent(keyword, k -> {
            List<@Nullable Object> values = Constants.of(of, k);
            return values == null
                    ? Optional.empty()
                    : Optional.of(make(Map.of("enum", values), of.pointer() + "/" + k + "/enum", of.resource()));
        }).orElse(null);
    }

    private Schema make(Object value, String pointer, Resource outer) {
        Resource resource = outer;
        if (value instanceof Map<?, ?> m) {
            Object id = m.get("$id") instanceof String s ? s : oldId(m);
            if (id instanceof String s && !s.isEmpty() && !s.startsWith("#") && !(old && m.containsKey("$ref"))) {
                resource = new Resource(resolved(outer.base, String.valueOf(id)), pointer);
                allResources.add(resource);
                resources.putIfAbsent(resource.base, resource);
            }
        }
        Schema schema = new Schema(this, byPointer.size(), value, pointer, resource);
        byPointer.put(pointer, schema);
        if (value instanceof Map<?, ?> m) {
            anchors(m, schema, resource);
            below(m, schema);
        }
        return schema;
    }

    /** {@code id} of drafts up to 4, where the document says that it is one of those. */
    private @Nullable Object oldId(Map<?, ?> m) {
        return json instanceof Map<?, ?> top && top.get("$schema") instanceof String s && s.matches(".*draft-0[34].*")
                ? m.get("id")
                : null;
    }

    private void anchors(Map<?, ?> m, Schema schema, Resource resource) {
        for (String key : List.of("$id", "id")) {
            if (m.get(key) instanceof String s && s.startsWith("#") && s.length() > 1) {
                resource.anchors.putIfAbsent(s.substring(1), schema);
            }
        }
        if (m.get("$anchor") instanceof String s) {
            resource.anchors.putIfAbsent(s, schema);
        }
        if (m.get("$dynamicAnchor") instanceof String s) {
            resource.anchors.putIfAbsent(s, schema);
            resource.dynamicAnchors.putIfAbsent(s, schema);
        }
        recursiveAnchors += Boolean.TRUE.equals(m.get("$recursiveAnchor")) ? 1 : 0;
    }

    /** Makes what stands below, so that numbers rise in the document's order and every anchor is known. */
    private void below(Map<?, ?> m, Schema schema) {
        m.forEach((key, value) -> {
            String keyword = (String) key;
            String place = schema.pointer() + "/" + keyword;
            unevaluated |= keyword.startsWith("unevaluated");
            if (Keywords.HOLD_ONE.contains(keyword)) {
                makeIfSchema(value, place, schema);
            }
            if (Keywords.HOLD_LIST.contains(keyword) && value instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    makeIfSchema(list.get(i), place + "/" + i, schema);
                }
            }
            if (Keywords.HOLD_NAMED.contains(keyword) && value instanceof Map<?, ?> named) {
                named.forEach((name, part) -> makeIfSchema(part, place + "/" + escaped((String) name), schema));
            }
        });
    }

    private void makeIfSchema(@Nullable Object value, String pointer, Schema above) {
        if ((value instanceof Map<?, ?> || value instanceof Boolean) && !byPointer.containsKey(pointer)) {
            make(value, pointer, above.resource());
        }
    }

    private static String resolved(String base, String reference) {
        String plain = reference.contains("#") ? reference.substring(0, reference.indexOf('#')) : reference;
        try {
            return base.isEmpty() || plain.isEmpty()
                    ? plain.isEmpty() ? base : plain
                    : URI.create(base).resolve(plain).toString();
        } catch (IllegalArgumentException e) {
            return plain;
        }
    }

    /** Where the reference of a keyword leads. */
    Schema target(Schema from, String keyword) {
        String reference = from.text(keyword);
        int hash = reference.indexOf('#');
        String fragment = hash < 0 ? "" : decoded(reference.substring(hash + 1));
        String document = hash < 0 ? reference : reference.substring(0, hash);
        Resource resource = from.resource();
        if (!document.isEmpty()) {
            resource = resources.get(resolved(resource.base, document));
            if (resource == null) {
                throw from.unholdable(keyword, "must lead to a place in the schema itself, not to " + reference
                        + ": nothing is fetched");
            }
        }
        Schema target = within(resource, fragment);
        if (target == null && document.isEmpty()) {
            target = within(root.resource(), fragment);
        }
        if (target == null) {
            throw from.unholdable(keyword, "leads nowhere: " + reference);
        }
        return keyword.equals("$ref") ? target : dynamic(from, keyword, fragment, resource, target);
    }

    /** A reference whose target depends on the way to it, where there is only one that it can have. */
    private Schema dynamic(Schema from, String keyword, String anchor, Resource resource, Schema target) {
        boolean one;
        if (keyword.equals("$recursiveRef")) {
            one = recursiveAnchors <= 1 && allResources.size() <= 2;
        } else {
            one = !resource.dynamicAnchors.containsKey(anchor)
                    || allResources.stream().filter(r -> r.dynamicAnchors.containsKey(anchor)).count() == 1;
        }
        if (!one) {
            throw from.unholdable(keyword, "cannot be held: there are several places that it may lead to");
        }
        return target;
    }

    private @Nullable Schema within(Resource resource, String fragment) {
        if (!fragment.isEmpty() && !fragment.startsWith("/")) {
            return resource.anchors.get(fragment);
        }
        String pointer = resource.pointer + fragment;
        Schema known = byPointer.get(pointer);
        if (known != null) {
            return known;
        }
        Object at = json;
        StringBuilder canonical = new StringBuilder("#");
        String[] parts = pointer.split("/", -1);
        for (int i = 1; i < parts.length; i++) {
            String key = parts[i].replace("~1", "/").replace("~0", "~");
            if (at instanceof Map<?, ?> m && m.containsKey(key)) {
                at = m.get(key);
            } else if (at instanceof List<?> l && key.matches("0|[1-9]\\d{0,6}") && Integer.parseInt(key) < l.size()) {
                at = l.get(Integer.parseInt(key));
            } else {
                return null;
            }
            canonical.append('/').append(escaped(key));
        }
        known = byPointer.get(canonical.toString());
        return known != null
                ? known
                : at instanceof Map<?, ?> || at instanceof Boolean ? make(at, canonical.toString(), resource) : null;
    }

    private static String decoded(String fragment) {
        try {
            return URLDecoder.decode(fragment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return fragment;
        }
    }
}
