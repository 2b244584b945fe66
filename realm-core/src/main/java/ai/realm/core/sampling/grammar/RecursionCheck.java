package ai.realm.core.sampling.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finds rules that begin with themselves, directly, through others, or after something that can be empty: following them would never
 * end.
 */
final class RecursionCheck {
    private final List<List<List<Symbol>>> rules;
    private final BitSet repetitions;
    private final BitSet nullable = new BitSet();

    RecursionCheck(Rules rules) {
        this.rules = rules.bodies();
        this.repetitions = rules.repetitions();
    }

    /** Rules of which each can begin with the next, and the last with the first; none when no rule begins with itself. */
    List<Integer> cycle() {
        findNullable();
        int[][] first = new int[rules.size()][];
        for (int rule = 0; rule < rules.size(); rule++) {
            first[rule] = beginsWith(rule);
        }
        // depth first without Java's stack
        BitSet open = new BitSet();
        BitSet done = new BitSet();
        int[] at = new int[rules.size()];
        List<Integer> path = new ArrayList<>();
        for (int start = 0; start < rules.size(); start++) {
            if (done.get(start)) {
                continue;
            }
            path.add(start);
            open.set(start);
            while (!path.isEmpty()) {
                int rule = path.getLast();
                if (at[rule] == first[rule].length) {
                    done.set(rule);
                    open.clear(rule);
                    path.removeLast();
                    continue;
                }
                int next = first[rule][at[rule]++];
                if (open.get(next)) {
                    return List.copyOf(path.subList(path.indexOf(next), path.size()));
                }
                if (!done.get(next)) {
                    open.set(next);
                    path.add(next);
                }
            }
        }
        return List.of();
    }

    /** In time linear in the grammar: a rule that turns out to be nullable is taken off the bodies that wait for it. */
    private void findNullable() {
        List<List<int[]>> waiting = new ArrayList<>();
        for (int rule = 0; rule < rules.size(); rule++) {
            waiting.add(new ArrayList<>());
        }
        List<Integer> todo = new ArrayList<>();
        for (int rule = 0; rule < rules.size(); rule++) {
            for (List<Symbol> body : rules.get(rule)) {
                if (body.stream().allMatch(s -> s instanceof Symbol.Rule)) {
                    int[] left = {rule, body.size()};
                    body.forEach(s -> waiting.get(((Symbol.Rule) s).id()).add(left));
                    addIfNullable(left, todo);
                }
            }
        }
        while (!todo.isEmpty()) {
            for (int[] body : waiting.get(todo.removeLast())) {
                body[1]--;
                addIfNullable(body, todo);
            }
        }
    }

    /** @param body its rule, and how many of its symbols are not known to be nullable */
    private void addIfNullable(int[] body, List<Integer> todo) {
        if (body[1] == 0 && !nullable.get(body[0])) {
            nullable.set(body[0]);
            todo.add(body[0]);
        }
    }

    /** The rules that this one can begin with. */
    private int[] beginsWith(int rule) {
        IntStream.Builder out = IntStream.builder();
        for (List<Symbol> body : rules.get(rule)) {
            for (Symbol s : body) {
                if (!(s instanceof Symbol.Rule r)) {
                    break;
                }
                // a repetition that goes on after an empty item comes to nothing new
                if (!(repetitions.get(rule) && r.id() == rule)) {
                    out.add(r.id());
                }
                if (!nullable.get(r.id())) {
                    break;
                }
            }
        }
        return out.build().toArray();
    }
}
