package ai.realm.core.sampling.grammar.schema;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Schemas that must all hold of a value, or not hold, in the document's order and each once: equal conjunctions get one rule.
 */
record Conjunction(List<Lit> parts) {
    private static final int MAX_REFERENCES = 100;
    static final Conjunction TRUE = new Conjunction(List.of());

    static Conjunction of(Collection<Lit> lits, SchemaDocument document) {
        LinkedHashSet<Lit> kept = new LinkedHashSet<>();
        for (Lit lit : lits) {
            Lit at = lit;
            for (int i = 0; i < MAX_REFERENCES && at.schema().isReference(); i++) {
                at = new Lit(document.target(at.schema(), "$ref"), at.holds());
            }
            if (!at.isTrue()) {
                kept.add(at);
            }
        }
        List<Lit> sorted = new ArrayList<>(kept);
        sorted.sort(Comparator.comparingInt((Lit l) -> l.schema().id()).thenComparing(Lit::holds));
        return new Conjunction(List.copyOf(sorted));
    }

    boolean isTrue() {
        return parts.isEmpty();
    }

    boolean isFalse() {
        return parts.stream().anyMatch(Lit::isFalse);
    }
}
