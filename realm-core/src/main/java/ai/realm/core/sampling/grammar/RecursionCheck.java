package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Refuses grammars in which a rule begins with itself, directly, through others, or after something that can be empty: following
 * it would never end.
 */
final class RecursionCheck {
    private final List<List<List<Symbol>>> rules;
    private final List<String> names;
    private final BitSet repetitions;
    private final BitSet nullable = new BitSet();

    RecursionCheck(List<List<List<Symbol>>> rules, List<String> names, BitSet repetitions) {
        this.rules = rules;
        this.names = names;
        this.repetitions = repetitions;
    }

    void run() {
        findNullable();
        List<BitSet> first = new ArrayList<>();
        for (int rule = 0; rule < rules.size(); rule++) {
            first.add(beginsWith(rule));
        }
        // depth first without Java's stack: 0 new, 1 open, 2 done
        int[] color = new int[rules.size()];
        int[] at = new int[rules.size()];
        List<Integer> open = new ArrayList<>();
        for (int start = 0; start < rules.size(); start++) {
            if (color[start] != 0) {
                continue;
            }
            open.add(start);
            color[start] = 1;
            while (!open.isEmpty()) {
                int rule = open.getLast();
                int next = first.get(rule).nextSetBit(at[rule]);
                if (next < 0) {
                    color[rule] = 2;
                    open.removeLast();
                    continue;
                }
                at[rule] = next + 1;
                if (color[next] == 1) {
                    throw RealmException.badParam("grammar", "grammar: the rule " + names.get(next)
                            + " begins with itself (left recursion); put something that is never empty before it");
                }
                if (color[next] == 0) {
                    color[next] = 1;
                    open.add(next);
                }
            }
        }
    }

    private void findNullable() {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule = rules.size() - 1; rule >= 0; rule--) {
                if (!nullable.get(rule) && rules.get(rule).stream().anyMatch(this::isNullable)) {
                    nullable.set(rule);
                    changed = true;
                }
            }
        }
    }

    private boolean isNullable(List<Symbol> body) {
        for (Symbol s : body) {
            if (!(s instanceof Symbol.Rule r) || !nullable.get(r.id())) {
                return false;
            }
        }
        return true;
    }

    /** The rules that this one can begin with. */
    private BitSet beginsWith(int rule) {
        BitSet out = new BitSet();
        for (List<Symbol> body : rules.get(rule)) {
            for (Symbol s : body) {
                if (!(s instanceof Symbol.Rule r)) {
                    break;
                }
                // a repetition that goes on after an empty item comes to nothing new
                if (!(repetitions.get(rule) && r.id() == rule)) {
                    out.set(r.id());
                }
                if (!nullable.get(r.id())) {
                    break;
                }
            }
        }
        return out;
    }
}
