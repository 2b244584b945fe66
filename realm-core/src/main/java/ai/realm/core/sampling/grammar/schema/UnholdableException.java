package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.error.RealmException;

/** A keyword that is malformed or cannot be held, and where it stands. */
final class UnholdableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private UnholdableException(String message) {
        super(message, null, false, false);
    }

    /** @param why goes on after the keyword and its place, as "must be …" or "cannot be held: …" */
    static UnholdableException at(Schema schema, String keyword, String why) {
        return new UnholdableException(keyword + " at " + schema.pointer() + " " + why);
    }

    RealmException asRefusal() {
        return SchemaJson.bad(String.valueOf(getMessage()));
    }
}
