package ai.realm.core.sampling.grammar.schema;

import java.util.Set;

/** Kinds of values with keywords of their own. */
enum Kind {
    OBJECT("object", Keywords.OBJECT),
    ARRAY("array", Keywords.ARRAY),
    STRING("string", Keywords.STRING),
    NUMBER("number",
            Keywords.NUMBER),
    NULL("null", Set.of()),
    BOOLEAN("boolean", Set.of());

    private final String type;
    private final Set<String> keywords;

    Kind(String type, Set<String> keywords) {
        this.type = type;
        this.keywords = keywords;
    }

    String type() {
        return type;
    }

    Set<String> keywords() {
        return keywords;
    }
}
