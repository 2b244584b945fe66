package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.schema.SchemaJson.Num;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says whether a value is valid, for the values that schemas name; formats count as annotations or as assertions. */
final class Evaluation {
    private static final int MAX_DEPTH = 300;

    private final SchemaDocument document;
    private final Languages languages;
    private final boolean formats;
    private int depth;

    private Evaluation(SchemaDocument document, Languages languages, boolean formats) {
        this.document = document;
        this.languages = languages;
        this.formats = formats;
    }

    /** Whether all hold of the value, whichever way formats count. */
    static boolean holds(@Nullable Object value, Iterable<Lit> all, SchemaDocument document, Languages languages) {
        for (Lit lit : all) {
            for (boolean formats : new boolean[]{true, false}) {
                if (new Evaluation(document, languages, formats).valid(value, lit.schema()) != lit.holds()) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean valid(@Nullable Object value, Schema s) {
        languages.budget().spend(4 + s.keys().size());
        if (s.isFalse()) {
            return false;
        }
        deeper(s);
        boolean out = true;
        for (String keyword : s.keys().keySet()) {
            if (!valid(value, s, keyword)) {
                out = false;
                break;
            }
        }
        depth--;
        return out;
    }

    private void deeper(Schema s) {
        if (++depth > MAX_DEPTH) {
            throw s.unholdable(s.heldBy(), "cannot be held: it refers to itself for more than " + MAX_DEPTH + " steps");
        }
    }

    private boolean all(@Nullable Object value, List<Schema> schemas) {
        return schemas.stream().allMatch(c -> valid(value, c));
    }

    private boolean valid(@Nullable Object value, Schema s, String keyword) {
        return switch (keyword) {
            case "type" -> typed(value, s.types());
            case "enum", "const" -> s.valueKeys(keyword).contains(JsonValues.key(value));
            case "$ref", "$dynamicRef", "$recursiveRef" -> valid(value, document.target(s, keyword));
            case "allOf" -> all(value, s.children(keyword));
            case "anyOf", "oneOf" -> {
                Schema values = document.constants(s, keyword);
                yield values != null ? valid(value, values) : oneOrMore(value, s, keyword);
            }
            case "not" -> !valid(value, s.child(keyword));
            case "if" -> {
                String then = valid(value, s.child(keyword)) ? "then" : "else";
                yield !s.has(then) || valid(value, s.child(then));
            }
            default -> switch (value) {
                case Map<?, ?> m -> !Keywords.OBJECT.contains(keyword) || object(m, s, keyword);
                case List<?> l -> !Keywords.ARRAY.contains(keyword) || array(l, s, keyword);
                case String text -> !Keywords.STRING.contains(keyword) || string(text, s, keyword);
                case Num n -> !Keywords.NUMBER.contains(keyword) || number(n, s, keyword);
                case null, default -> true;
            };
        };
    }

    private boolean oneOrMore(@Nullable Object value, Schema s, String keyword) {
        return keyword.equals("anyOf")
                ? s.children(keyword).stream().anyMatch(c -> valid(value, c))
                : s.children(keyword).stream().filter(c -> valid(value, c)).count() == 1;
    }

    static boolean typed(@Nullable Object value, List<String> types) {
        return types.contains(JsonValues.type(value))
                || value instanceof Num n && types.contains("integer") && isInteger(n);
    }

    private static boolean isInteger(Num n) {
        BigDecimal d = JsonValues.decimal(n);
        return d != null && JsonValues.isInteger(d);
    }

    private boolean string(String text, Schema s, String keyword) {
        return switch (keyword) {
            case "minLength" -> text.codePointCount(0, text.length()) >= s.count(keyword, 0);
            case "maxLength" -> text.codePointCount(0, text.length()) <= s.count(keyword, 0);
            case "pattern" -> languages.pattern(s, keyword, s.text(keyword)).matches(text);
            default -> {
                Dfa format = formats ? Formats.of(s) : null;
                yield format == null || format.matches(text);
            }
        };
    }

    private static boolean number(Num n, Schema s, String keyword) {
        BigDecimal value = JsonValues.decimal(n);
        return value != null && NumberLanguage.holds(value, s, keyword);
    }

    private boolean array(List<?> items, Schema s, String keyword) {
        switch (keyword) {
            case "minItems" -> {
                return items.size() >= s.count(keyword, 0);
            }
            case "maxItems" -> {
                return items.size() <= s.count(keyword, 0);
            }
            case "uniqueItems" -> {
                Set<Object> seen = new HashSet<>();
                return !Boolean.TRUE.equals(s.get(keyword)) || items.stream().allMatch(i -> seen.add(JsonValues.key(i)));
            }
            case "contains" -> {
                Schema wanted = s.child(keyword);
                int count = (int) items.stream().filter(i -> valid(i, wanted)).count();
                return count >= s.count("minContains", 1) && count <= s.count("maxContains", Integer.MAX_VALUE);
            }
            case "unevaluatedItems" -> {
                Schema rest = s.child(keyword);
                int from = evaluatedItems(items, s, s);
                return items.stream().skip(from).allMatch(i -> valid(i, rest));
            }
            default -> {
                for (int i = 0; i < items.size(); i++) {
                    Schema item = ItemLayout.at(s, i);
                    if (item != null && !valid(items.get(i), item)) {
                        return false;
                    }
                }
                return true;
            }
        }
    }

    private boolean object(Map<?, ?> members, Schema s, String keyword) {
        switch (keyword) {
            case "required" -> {
                return members.keySet().containsAll(s.names(keyword));
            }
            case "minProperties" -> {
                return members.size() >= s.count(keyword, 0);
            }
            case "maxProperties" -> {
                return members.size() <= s.count(keyword, 0);
            }
            case "propertyNames" -> {
                Schema names = s.child(keyword);
                return members.keySet().stream().allMatch(name -> valid(name, names));
            }
            case "dependencies", "dependentRequired", "dependentSchemas" -> {
                for (String trigger : s.memberNames(keyword)) {
                    if (members.containsKey(trigger)) {
                        boolean holds = s.entry(keyword, trigger) instanceof List<?> names
                                ? members.keySet().containsAll(s.names(keyword, names))
                                : valid(members, s.member(keyword, trigger));
                        if (!holds) {
                            return false;
                        }
                    }
                }
                return true;
            }
            case "unevaluatedProperties" -> {
                Schema rest = s.child(keyword);
                Set<String> evaluated = new HashSet<>();
                addEvaluated(members, s, s, evaluated);
                return members.entrySet().stream().allMatch(m -> evaluated.contains(m.getKey()) || valid(m.getValue(), rest));
            }
            default -> {
                for (Map.Entry<?, ?> member : members.entrySet()) {
                    if (!all(member.getValue(), languages.schemasFor(s, (String) member.getKey()))) {
                        return false;
                    }
                }
                return true;
            }
        }
    }

    /** The schemas that hold of a value because one does, at the same place. */
    private List<Schema> applied(Object value, Schema s) {
        List<Schema> out = new ArrayList<>();
        for (String keyword : s.keys().keySet()) {
            switch (keyword) {
                case "$ref", "$dynamicRef", "$recursiveRef" -> out.add(document.target(s, keyword));
                case "allOf" -> out.addAll(s.children(keyword));
                case "anyOf", "oneOf" -> s.children(keyword).stream().filter(c -> valid(value, c)).forEach(out::add);
                case "if" -> {
                    boolean holds = valid(value, s.child(keyword));
                    if (holds) {
                        out.add(s.child(keyword));
                    }
                    String then = holds ? "then" : "else";
                    if (s.has(then)) {
                        out.add(s.child(then));
                    }
                }
                case "dependentSchemas" -> {
                    if (value instanceof Map<?, ?> members) {
                        s.memberNames(keyword).stream().filter(members::containsKey).forEach(t -> out.add(s.member(keyword, t)));
                    }
                }
                default -> {
                }
            }
        }
        return out;
    }

    /** Adds the names of members that a valid schema speaks of, and those that hold with it. */
    private void addEvaluated(Map<?, ?> members, Schema s, Schema asking, Set<String> out) {
        languages.budget().spend(4 + members.size());
        deeper(s);
        boolean all = s.has("additionalProperties") || !s.equals(asking) && s.has("unevaluatedProperties");
        for (Object name : members.keySet()) {
            if (all || !languages.schemasFor(s, (String) name).isEmpty()) {
                out.add((String) name);
            }
        }
        applied(members, s).forEach(c -> addEvaluated(members, c, asking, out));
        depth--;
    }

    /** How many items, from the first on, a valid schema speaks of, or those that hold with it. */
    private int evaluatedItems(List<?> items, Schema s, Schema asking) {
        languages.budget().spend(4 + items.size());
        if (s.has("contains")) {
            throw asking.unholdable("unevaluatedItems", "cannot be held beside contains and values that are named");
        }
        if (ItemLayout.rest(s) != null || !s.equals(asking) && s.has("unevaluatedItems")) {
            return items.size();
        }
        deeper(s);
        int out = Math.min(items.size(), ItemLayout.prefixLength(s));
        for (Schema c : applied(items, s)) {
            out = Math.max(out, evaluatedItems(items, c, asking));
        }
        depth--;
        return out;
    }
}
