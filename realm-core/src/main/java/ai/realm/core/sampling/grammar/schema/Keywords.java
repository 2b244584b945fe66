package ai.realm.core.sampling.grammar.schema;

import java.util.List;
import java.util.Set;

/** The keywords that say what is valid, by the kind of value that they speak of. */
final class Keywords {
    static final List<String> TYPES = List.of("null", "boolean", "object", "array", "number", "string", "integer");
    static final Set<String> OBJECT = Set.of("properties", "patternProperties", "additionalProperties", "required",
            "minProperties", "maxProperties", "propertyNames", "dependentRequired", "dependentSchemas", "dependencies",
            "unevaluatedProperties");
    static final Set<String> ARRAY = Set.of("items", "prefixItems", "additionalItems", "minItems", "maxItems", "contains",
            "uniqueItems", "unevaluatedItems");
    static final Set<String> STRING = Set.of("minLength", "maxLength", "pattern", "format");
    static final Set<String> NUMBER = Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf");
    static final Set<String> KNOWN = Set.of("type", "enum", "const", "$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf",
            "oneOf", "not", "if", "properties", "patternProperties", "additionalProperties", "required", "minProperties",
            "maxProperties", "propertyNames", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
            "items", "prefixItems", "additionalItems", "minItems", "maxItems", "contains", "uniqueItems", "unevaluatedItems",
            "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
            "multipleOf");
    /** Keywords that hold one schema. */
    static final Set<String> HOLD_ONE = Set.of("items", "additionalItems", "additionalProperties", "contains", "not", "if",
            "then", "else", "propertyNames", "unevaluatedProperties", "unevaluatedItems");
    static final Set<String> HOLD_LIST = Set.of("allOf", "anyOf", "oneOf", "prefixItems", "items");
    static final Set<String> HOLD_NAMED = Set.of("properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
            "dependencies");

    private Keywords() {
    }
}
