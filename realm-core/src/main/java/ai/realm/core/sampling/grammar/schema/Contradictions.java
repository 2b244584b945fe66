package ai.realm.core.sampling.grammar.schema;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Sees at a glance that a case holds of nothing. */
final class Contradictions {
    private Contradictions() {
    }

    static boolean plain(List<Atom> atoms) {
        Set<String> there = new HashSet<>();
        Set<String> lacking = new HashSet<>();
        for (Atom atom : atoms) {
            switch (atom) {
                case Atom.Says says when says.keyword().equals("required") && says.holds() ->
                    there.addAll(says.schema().names("required"));
                case Atom.Has has -> there.add(has.name());
                case Atom.Lacks lacks -> lacking.add(lacks.name());
                default -> {
                }
            }
        }
        return lacking.stream().anyMatch(there::contains);
    }
}
