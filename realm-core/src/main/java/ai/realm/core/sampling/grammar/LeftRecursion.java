package ai.realm.core.sampling.grammar;

import java.util.ArrayList;
import java.util.List;

/**
 * Rewrites rules that begin with themselves, plainly or through others, as repetitions that match the same: {@code a ::= a x | b} becomes
 * {@code b x*}. What begins with itself after something that can be empty, or would become too large, is left as it is.
 */
final class LeftRecursion {
    private static final int MAX_ALTERNATIVES = 2000;

    private final Rules rules;

    LeftRecursion(Rules rules) {
        this.rules = rules;
    }

    /** @param cycle rules of which each can begin with the next, and the last with the first; whether it is one no longer */
    boolean remove(List<Integer> cycle) {
        for (int i = 0; i < cycle.size(); i++) {
            int rule = cycle.get(i);
            if (!rules.counted().containsKey(rule) && !rules.repetitions().get(rule)) {
                List<Integer> others = new ArrayList<>(cycle.subList(i + 1, cycle.size()));
                others.addAll(cycle.subList(0, i));
                return remove(rule, others);
            }
        }
        return false;
    }

    private boolean remove(int rule, List<Integer> others) {
        List<List<Symbol>> bodies = rules.bodies().get(rule);
        for (int other : others) {
            if (rules.counted().containsKey(other)) {
                return false;
            }
            List<List<Symbol>> inlined = new ArrayList<>();
            for (List<Symbol> body : bodies) {
                if (begins(body, other)) {
                    for (List<Symbol> first : rules.bodies().get(other)) {
                        inlined.add(joined(first, body.subList(1, body.size())));
                    }
                } else {
                    inlined.add(body);
                }
                if (inlined.size() > MAX_ALTERNATIVES) {
                    return false;
                }
            }
            bodies = inlined;
        }
        List<List<Symbol>> ends = new ArrayList<>();
        List<List<Symbol>> more = new ArrayList<>();
        for (List<Symbol> body : bodies) {
            if (!begins(body, rule)) {
                ends.add(body);
            } else if (body.size() > 1) {
                more.add(body.subList(1, body.size()));
            }
        }
        if (ends.isEmpty() || ends.size() + more.size() == bodies.size() && more.isEmpty()) {
            return false;
        }
        if (more.isEmpty()) {
            rules.define(rule, ends);
            return true;
        }
        String name = rules.name(rule);
        Symbol rest = Rules.rule(rules.star(name + "-rest", List.of(Rules.rule(rules.add(name + "-more", more)))));
        rules.define(rule, ends.stream().map(end -> joined(end, List.of(rest))).toList());
        return true;
    }

    private static boolean begins(List<Symbol> body, int rule) {
        return !body.isEmpty() && body.getFirst() instanceof Symbol.Rule r && r.id() == rule;
    }

    private static List<Symbol> joined(List<Symbol> first, List<Symbol> then) {
        List<Symbol> out = new ArrayList<>(first);
        out.addAll(then);
        return out;
    }
}
