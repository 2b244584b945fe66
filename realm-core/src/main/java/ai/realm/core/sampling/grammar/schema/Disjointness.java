package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.WorkBudget;
import ai.realm.core.sampling.grammar.schema.Solver.Case;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says when schemas surely have no value in common. Where it cannot tell, in a few steps, it says that they may have one. Formats
 * count as annotations, so that what it says is so for every validator.
 */
final class Disjointness {
    private static final int MAX_DEPTH = 3;
    private static final int MAX_ITEMS = 64;
    /** Steps of work that a question costs beside those of its answer. */
    private static final int QUESTION = 20;

    private record Question(Conjunction all, Kind kind) {}

    private final SchemaDocument document;
    private final Languages languages;
    private final Map<Question, Boolean> known = new HashMap<>();
    private final Solver solver;
    private final WorkBudget budget;
    private int depth;

    Disjointness(SchemaDocument document, Languages languages, WorkBudget budget) {
        this.document = document;
        this.languages = languages;
        this.budget = budget;
        this.solver = new Solver(document, this, budget);
    }

    Solver solver() {
        return solver;
    }

    /** Whether no value of a kind fulfils all, beside atoms that are known to hold. */
    boolean isEmpty(Collection<Lit> lits, List<Atom> atoms, Kind kind) {
        budget.spend(QUESTION);
        Question question = new Question(Conjunction.of(lits, document), kind);
        Boolean answer = known.get(question);
        if (answer == null) {
            answer = nothingIn(question.all, List.of(), kind);
            if (answer || depth == 0) {
                known.put(question, answer);
            }
        }
        return answer || !atoms.isEmpty() && nothingIn(question.all, atoms, kind);
    }

    /** Whether no value at all fulfils all. */
    boolean isEmpty(Conjunction all) {
        if (all.isTrue()) {
            return false;
        }
        if (all.isFalse()) {
            return true;
        }
        for (Kind kind : Kind.values()) {
            if (!isEmpty(all.parts(), List.of(), kind)) {
                return false;
            }
        }
        return true;
    }

    private boolean nothingIn(Conjunction all, List<Atom> atoms, Kind kind) {
        if (depth >= MAX_DEPTH) {
            return false;
        }
        depth++;
        try {
            if (kind == Kind.NULL) {
                return !holds(null, all);
            }
            if (kind == Kind.BOOLEAN) {
                return !holds(true, all) && !holds(false, all);
            }
            for (Case c : solver.widely(all, atoms, kind)) {
                if (!nothingIn(c, all, kind)) {
                    return false;
                }
            }
            return true;
        } catch (UnholdableException e) {
            return false;
        } finally {
            depth--;
        }
    }

    private boolean holds(@Nullable Object value, Conjunction all) {
        return Evaluation.holds(value, all.parts(), document, languages);
    }

    private boolean nothingIn(Case c, Conjunction all, Kind kind) {
        if (c.first() != null) {
            Schema s = c.first();
            return s.values(s.has("enum") ? "enum" : "const").stream()
                    .noneMatch(v -> JsonValues.type(v).equals(kind.type()) && holds(v, all));
        }
        return switch (kind) {
            case STRING -> StringLanguage.of(c.atoms(), false, languages).isEmpty(languages);
            case NUMBER -> {
                var numbers = NumberLanguage.of(c.atoms(), languages);
                yield numbers != null && numbers.isEmpty();
            }
            case OBJECT -> nothingIn(ObjectShape.of(c.atoms(), document, languages));
            case ARRAY -> nothingIn(ArrayShape.of(c.atoms()));
            case NULL, BOOLEAN -> false;
        };
    }

    private boolean nothingIn(ObjectShape shape) {
        if (shape.contradictory()) {
            return true;
        }
        List<String> certain = new ArrayList<>(shape.required());
        return certain.stream().anyMatch(name -> isEmpty(shape.valueOf(name)));
    }

    private boolean nothingIn(ArrayShape shape) {
        if (shape.max() >= 0 && shape.min() > shape.max()) {
            return true;
        }
        for (int i = 0; i < Math.min(shape.min(), MAX_ITEMS); i++) {
            if (isEmpty(Conjunction.of(shape.at(i), document))) {
                return true;
            }
        }
        return false;
    }
}
