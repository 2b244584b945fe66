package ai.realm.core.sampling.grammar.schema;

/** That a schema holds of a value, or does not. */
record Lit(Schema schema, boolean holds) {
    static Lit of(Schema schema) {
        return new Lit(schema, true);
    }

    static Lit not(Schema schema) {
        return new Lit(schema, false);
    }

    boolean isTrue() {
        return holds ? schema.isTrue() : schema.isFalse();
    }

    boolean isFalse() {
        return holds ? schema.isFalse() : schema.isTrue();
    }
}
