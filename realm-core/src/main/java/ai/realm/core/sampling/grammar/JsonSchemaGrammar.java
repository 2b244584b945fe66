package ai.realm.core.sampling.grammar;

import ai.realm.core.sampling.grammar.SchemaJson.Num;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a JSON schema as GBNF. Properties come in the schema's order, white space is kept short, and where a schema says nothing
 * of further properties although it names some, there are none; what a grammar cannot say (most forms of not, uniqueItems of many
 * values) is refused rather than ignored.
 */
final class JsonSchemaGrammar {
    private static final int MAX_RULES = 5000;
    private static final int MAX_DEPTH = 200;
    private static final Set<String> UNSUPPORTED = Set.of("contains", "patternProperties",
            "propertyNames", "if", "dependentSchemas", "dependentRequired", "unevaluatedProperties", "unevaluatedItems",
            "minProperties", "maxProperties");
    /** Keywords that say nothing about what is valid here. */
    static final Set<String> SILENT = Set.of("definitions", "$defs", "$schema", "$id", "$comment", "title", "description",
            "default", "examples", "deprecated", "readOnly", "writeOnly");
    private static final Map<String, String> BASE = Map.ofEntries(
            Map.entry("space", "| \" \" | \"\\n\"{1,2} [ \\t]{0,20}"), //
            Map.entry("boolean", "\"true\" | \"false\""), //
            Map.entry("null", "\"null\""), //
            Map.entry("integral", "\"0\" | [1-9] [0-9]{0,15}"), //
            Map.entry("integer", "\"-\"? integral"),
            Map.entry("number", "\"-\"? integral (\".\" [0-9]{1,16})? ([eE] [-+]? integral)?"),
            Map.entry("char", "[^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" [0-9a-fA-F]{4})"),
            Map.entry("string", "\"\\\"\" char* \"\\\"\""),
            Map.entry("array", "\"[\" space (value (\",\" space value)*)? space \"]\""),
            Map.entry("object", "\"{\" space (string \":\" space value (\",\" space string \":\" space value)*)? space \"}\""),
            Map.entry("value", "object | array | string | number | boolean | null"),
            Map.entry("date", "[0-9]{4} \"-\" (\"0\" [1-9] | \"1\" [0-2]) \"-\" (\"0\" [1-9] | [12] [0-9] | \"3\" [01])"),
            Map.entry("time", "([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9] \":\" [0-5] [0-9] (\".\" [0-9]{1,9})?"
                    + " (\"Z\" | [-+] ([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9])"),
            Map.entry("date-time", "date \"T\" time"),
            Map.entry("uuid", "[0-9a-fA-F]{8} (\"-\" [0-9a-fA-F]{4}){3} \"-\" [0-9a-fA-F]{12}"));
    private static final Set<String> FORMATS = Set.of("date", "time", "date-time", "uuid");

    private final @Nullable Object document;
    private final Map<String, String> rules = new LinkedHashMap<>();
    private final Map<String, String> references = new HashMap<>();
    private final Multiples.Rules numberRules = new Multiples.Rules() {
        @Override
        public String reserve() {
            return rule("");
        }

        @Override
        public void set(String name, String body) {
            rules.put(name, body);
        }
    };
    private int depth;

    private JsonSchemaGrammar(@Nullable Object document) {
        this.document = document;
    }

    static String toGbnf(String schema) {
        if (schema.length() > Grammar.MAX_TEXT) {
            throw SchemaJson.bad("must have at most " + Grammar.MAX_TEXT + " characters, not " + schema.length());
        }
        Object document = SchemaJson.read(schema);
        JsonSchemaGrammar writer = new JsonSchemaGrammar(document);
        String body = writer.visit(document);
        StringBuilder out = new StringBuilder("root ::= ").append(body).append('\n');
        writer.rules.forEach((name, rule) -> out.append(name).append(" ::= ").append(rule).append('\n'));
        BASE.forEach((name, rule) -> out.append(name).append(" ::= ").append(rule).append('\n'));
        return out.toString();
    }

    /** A literal of GBNF. */
    static String literal(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                default -> out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private String rule(String body) {
        if (rules.size() >= MAX_RULES) {
            throw SchemaJson.bad("is too large: more than " + MAX_RULES + " rules");
        }
        String name = "r" + rules.size();
        rules.put(name, body);
        return name;
    }

    private String visit(@Nullable Object schema) {
        if (++depth > MAX_DEPTH) {
            throw SchemaJson.bad("nests deeper than " + MAX_DEPTH + " levels");
        }
        String out = switch (schema) {
            case Boolean b when b -> "value";
            case Map<?, ?> m -> object(m);
            case null, default -> throw SchemaJson.bad("a schema must be an object or true, not " + SchemaJson.write(schema));
        };
        depth--;
        return out;
    }

    private String object(Map<?, ?> s) {
        for (Object key : s.keySet()) {
            if (UNSUPPORTED.contains(key)) {
                throw SchemaJson.bad("the keyword " + key + " is not supported");
            }
        }
        if (s.get("$ref") instanceof String ref) {
            if (s.containsKey("not")) {
                throw SchemaJson.bad("not beside $ref is not supported");
            }
            return reference(ref);
        }
        if (s.get("oneOf") instanceof List<?> l) {
            return anyOf(s, "oneOf", l);
        }
        if (s.get("anyOf") instanceof List<?> l) {
            return anyOf(s, "anyOf", l);
        }
        if (s.containsKey("allOf")) {
            return visit(new AllOf(this::resolve).merge(s));
        }
        if (s.containsKey("not")) {
            return visit(Negation.without(s));
        }
        List<String> values = values(s);
        if (values != null) {
            return alternatives(values, "enum");
        }
        if (s.get("type") instanceof List<?> types) {
            List<String> each = new ArrayList<>();
            for (Object type : types) {
                Map<Object, @Nullable Object> one = new LinkedHashMap<>(s);
                one.put("type", type);
                each.add(typed(one, String.valueOf(type)));
            }
            return alternatives(each, "type");
        }
        return typed(s, s.get("type") == null ? implied(s) : String.valueOf(s.get("type")));
    }

    /** The values that a schema names, as literals, or null when it names none. */
    private static @Nullable List<String> values(Map<?, ?> s) {
        if (s.containsKey("const")) {
            return List.of(literal(SchemaJson.write(s.get("const"))));
        }
        return s.get("enum") instanceof List<?> l ? l.stream().map(v -> literal(SchemaJson.write(v))).toList() : null;
    }

    private static String alternatives(List<String> each, String keyword) {
        if (each.isEmpty()) {
            throw SchemaJson.bad(keyword + " must not be empty");
        }
        return each.size() == 1 ? each.getFirst() : "(" + String.join(" | ", new LinkedHashSet<>(each)) + ")";
    }

    /** Each of the options together with what stands beside them. */
    private String anyOf(Map<?, ?> s, String keyword, List<?> options) {
        Map<Object, @Nullable Object> beside = new LinkedHashMap<>(s);
        beside.keySet().removeAll(SILENT);
        beside.remove(keyword);
        List<String> each = new ArrayList<>();
        for (Object option : options) {
            boolean alone = beside.isEmpty() || !(option instanceof Map<?, ?>);
            each.add(visit(alone ? option : new AllOf(this::resolve).merge(Map.of("allOf", List.of(beside, option)))));
        }
        return alternatives(each, keyword);
    }

    /** The type that a schema without one speaks of. */
    private static String implied(Map<?, ?> s) {
        if (s.containsKey("properties") || s.containsKey("additionalProperties") || s.containsKey("required")) {
            return "object";
        }
        if (s.containsKey("items") || s.containsKey("prefixItems") || s.containsKey("minItems") || s.containsKey("maxItems")) {
            return "array";
        }
        if (s.containsKey("minimum") || s.containsKey("maximum") || s.containsKey("exclusiveMinimum")
                || s.containsKey("exclusiveMaximum") || s.containsKey("multipleOf")) {
            return "number";
        }
        if (s.containsKey("pattern") || s.containsKey("minLength") || s.containsKey("maxLength")
                || s.get("format") instanceof String f && FORMATS.contains(f)) {
            return "string";
        }
        return "value";
    }

    private String typed(Map<?, ?> s, String type) {
        return switch (type) {
            case "value", "null" -> type;
            case "boolean" -> booleans(s);
            case "object" -> properties(s);
            case "array" -> array(s);
            case "string" -> string(s);
            case "integer", "number" -> NumberRules.of(s, type.equals("integer"), numberRules);
            default -> throw SchemaJson.bad("the type " + type + " is unknown");
        };
    }

    private static String booleans(Map<?, ?> s) {
        List<String> left = new ArrayList<>(List.of("\"true\"", "\"false\""));
        Negation.excluded(s, Boolean.class).forEach(b -> left.remove(literal(b.toString())));
        return left.size() == 2 ? "boolean" : alternatives(left, "the values that not leaves of a boolean");
    }

    static @Nullable BigDecimal decimal(Map<?, ?> s, String key) {
        if (!s.containsKey(key)) {
            return null;
        }
        if (!(s.get(key) instanceof Num n) || n.text().length() > 40 || n.text().matches(".*[eE].*\\d{3}.*")) {
            throw SchemaJson.bad(key + " must be a number, not " + SchemaJson.write(s.get(key)));
        }
        return new BigDecimal(n.text());
    }

    private static int count(Map<?, ?> s, String key, int absent) {
        BigDecimal n = decimal(s, key);
        if (n == null) {
            return absent;
        }
        if (n.signum() < 0 || n.compareTo(BigDecimal.valueOf(2000)) > 0 || n.stripTrailingZeros().scale() > 0) {
            throw SchemaJson.bad(key + " must be an integer from 0 to 2000, not " + n);
        }
        return n.intValueExact();
    }

    private String string(Map<?, ?> s) {
        List<String> excluded = Negation.excluded(s, String.class);
        if (!excluded.isEmpty()) {
            for (String key : List.of("pattern", "format", "minLength", "maxLength")) {
                if (s.containsKey(key)) {
                    throw SchemaJson.bad("not with a string as a value is not supported beside " + key);
                }
            }
            return OtherKeys.rule(new LinkedHashSet<>(excluded), this::rule);
        }
        if (s.get("pattern") instanceof String pattern) {
            return "\"\\\"\" " + rule(PatternGrammar.toGbnf(pattern)) + " \"\\\"\"";
        }
        if (s.get("format") instanceof String format && FORMATS.contains(format)) {
            return "\"\\\"\" " + format + " \"\\\"\"";
        }
        int min = count(s, "minLength", 0);
        int max = count(s, "maxLength", -1);
        if (max >= 0 && max < min) {
            throw SchemaJson.bad("minLength " + min + " must not exceed maxLength " + max);
        }
        return min == 0 && max < 0
                ? "string"
                : rule("\"\\\"\" char{" + min + "," + (max < 0 ? "" : String.valueOf(max)) + "} \"\\\"\"");
    }

    private String array(Map<?, ?> s) {
        Object prefix = s.get("prefixItems") != null ? s.get("prefixItems") : s.get("items") instanceof List<?> l ? l : null;
        if (prefix instanceof List<?> tuple) {
            if (Boolean.TRUE.equals(s.get("uniqueItems")) && tuple.size() > 1) {
                throw SchemaJson.bad("uniqueItems is not supported with a schema for each item");
            }
            List<String> each = new ArrayList<>();
            for (Object item : tuple) {
                each.add(visit(item));
            }
            return rule("\"[\" space " + String.join(" \",\" space ", each) + " space \"]\"");
        }
        String item = prefix instanceof Map<?, ?> ? visit(prefix) : s.get("items") == null ? "value" : visit(s.get("items"));
        int min = count(s, "minItems", 0);
        int max = count(s, "maxItems", -1);
        if (max >= 0 && max < min) {
            throw SchemaJson.bad("minItems " + min + " must not exceed maxItems " + max);
        }
        if (max == 0) {
            return "\"[\" space \"]\"";
        }
        if (Boolean.TRUE.equals(s.get("uniqueItems")) && max != 1) {
            return rule(UniqueItems.of(differing(s.get("items")), min, max, this::rule));
        }
        String one = item.matches("[a-z0-9-]+") ? item : rule(item);
        String more = one + " (\",\" space " + one + "){" + Math.max(0, min - 1) + "," + (max < 0 ? "" : String.valueOf(max - 1))
                + "}";
        return rule("\"[\" space " + (min == 0 ? "(" + more + ")?" : more) + " space \"]\"");
    }

    /** The few values that items can have. */
    private List<String> differing(@Nullable Object items) {
        if (items instanceof Map<?, ?> m) {
            Object item = m.get("$ref") instanceof String ref ? resolve(ref) : m;
            List<String> values = item instanceof Map<?, ?> i && !i.containsKey("not") ? values(i) : null;
            if (values != null) {
                return values;
            }
            if (item instanceof Map<?, ?> i && "boolean".equals(i.get("type"))) {
                return List.of("\"true\"", "\"false\"");
            }
        }
        throw SchemaJson
                .bad("uniqueItems is supported for items that are an enum of " + UniqueItems.MAX_VALUES + " values or fewer");
    }

    private String properties(Map<?, ?> s) {
        Map<?, ?> properties = s.get("properties") instanceof Map<?, ?> m ? m : Map.of();
        Object additional = s.containsKey("additionalProperties") ? s.get("additionalProperties") : properties.isEmpty();
        Set<Object> required = new HashSet<>();
        if (s.get("required") instanceof List<?> names) {
            required.addAll(names);
        }
        List<String> mandatory = new ArrayList<>();
        List<String> optional = new ArrayList<>();
        properties.forEach((name, schema) -> {
            String pair = rule(literal(SchemaJson.write(name)) + " space \":\" space " + visit(schema));
            (required.contains(name) ? mandatory : optional).add(pair);
        });
        for (Object name : required) {
            if (!properties.containsKey(name)) {
                mandatory.add(rule(literal(SchemaJson.write(name)) + " space \":\" space value"));
            }
        }
        String further = null;
        if (!(additional instanceof Boolean b && !b)) {
            Set<String> names = new LinkedHashSet<>();
            properties.keySet().forEach(n -> names.add((String) n));
            String value = additional instanceof Map<?, ?> m && !m.isEmpty() ? visit(m) : "value";
            further = rule((names.isEmpty() ? "string" : OtherKeys.rule(names, this::rule)) + " space \":\" space " + value);
        }
        return rule(members(mandatory, optional, further));
    }

    /** Braces around the mandatory pairs, then any of the optional ones in their order, then further ones. */
    private String members(List<String> mandatory, List<String> optional, @Nullable String further) {
        // rest: what may follow once something stands before it, each with its comma
        String rest = further == null ? "" : "(\",\" space " + further + ")*";
        List<String> starts = new ArrayList<>();
        if (further != null) {
            starts.add(further + " " + rest);
        }
        for (String pair : optional.reversed()) {
            String after = rest.isEmpty() ? "" : rule(rest);
            starts.addFirst(pair + " " + after);
            rest = "(\",\" space " + pair + ")? " + after;
        }
        if (!mandatory.isEmpty()) {
            return "\"{\" space " + String.join(" \",\" space ", mandatory) + " " + rest + " space \"}\"";
        }
        return "\"{\" space " + (starts.isEmpty() ? "" : "(" + String.join(" | ", starts) + ")? space ") + "\"}\"";
    }

    private String reference(String ref) {
        String known = references.get(ref);
        if (known != null) {
            return known;
        }
        // the name is known before the body is, for schemas that refer to themselves
        String name = rule("");
        references.put(ref, name);
        rules.put(name, visit(resolve(ref)));
        return name;
    }

    private @Nullable Object resolve(String ref) {
        if (!ref.startsWith("#")) {
            throw SchemaJson.bad("$ref must point into the schema itself (#/…), not " + ref);
        }
        Object at = document;
        String[] parts = ref.split("/", -1);
        for (int i = 1; i < parts.length; i++) {
            String key = parts[i].replace("~1", "/").replace("~0", "~");
            Object next = at instanceof Map<?, ?> m
                    ? m.get(key)
                    : at instanceof List<?> l && key.matches("\\d{1,6}") && Integer.parseInt(key) < l.size()
                            ? l.get(Integer.parseInt(key))
                            : null;
            if (next == null) {
                throw SchemaJson.bad("$ref " + ref + " leads nowhere");
            }
            at = next;
        }
        return at;
    }
}
