package ai.realm.core.sampling.grammar.schema;

import org.jspecify.annotations.Nullable;

/** One thing that holds of a value of a known kind, without alternatives. */
sealed interface Atom {
    /** A keyword of a schema, or its contrary. */
    record Says(Schema schema, String keyword, boolean holds) implements Atom {}

    /** There is a property, with a value of which something holds. */
    record Has(String name, @Nullable Lit value, Schema schema, String keyword) implements Atom {}

    /** There is no such property. */
    record Lacks(String name) implements Atom {}

    /** There is an item at an index, and something holds of it. */
    record ItemAt(int index, Lit value) implements Atom {}

    /** There is an item from an index on of which something holds. */
    record SomeItem(int from, Lit value, Schema schema, String keyword) implements Atom {}
}
