package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.grammar.regular.CodePoints;
import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.Regex;
import ai.realm.core.sampling.grammar.regular.UnsupportedRegexException;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Automata as rules of a grammar: a rule for each state, characters stand for themselves. */
public final class DfaRules {
    /** Steps of some tens of nanoseconds. */
    private static final long MAX_WORK = 6_000_000;

    private DfaRules() {
    }

    /** The rule that matches what the automaton accepts. */
    public static int add(Rules rules, Dfa dfa) {
        int first = rules.reserve("n");
        int[] places = new int[dfa.size()];
        for (int s = 0; s < dfa.size(); s++) {
            places[s] = s == 0 ? first : rules.reserve("n");
        }
        for (int s = 0; s < dfa.size(); s++) {
            List<List<Symbol>> out = new ArrayList<>();
            if (dfa.accepts(s)) {
                out.add(List.of());
            }
            Map<Integer, int[]> byTarget = new LinkedHashMap<>();
            int[] e = dfa.edges(s);
            for (int i = 0; i < e.length; i += 3) {
                byTarget.merge(e[i + 2], new int[]{e[i], e[i + 1]}, CodePoints::union);
            }
            byTarget.forEach((to, set) -> out.add(List.of(Rules.chars(set), Rules.rule(places[to]))));
            rules.define(places[s], out);
        }
        return first;
    }

    /**
     * The rule that matches what the whole of a regular expression does.
     *
     * @throws RealmException INVALID_REQUEST for the parameter "grammar", when no automaton can follow it or it is too large
     */
    static int regex(Rules rules, String expression) {
        try {
            WorkBudget budget = new WorkBudget(MAX_WORK);
            Dfa dfa = Regex.whole(expression, budget).minimized(budget);
            if (dfa.isEmpty()) {
                throw RealmException.badParam("grammar", "grammar: the regular expression matches no text");
            }
            return add(rules, dfa);
        } catch (UnsupportedRegexException e) {
            throw RealmException.badParam("grammar", "grammar: the regular expression cannot be held: it has " + e.getMessage());
        } catch (WorkBudget.ExceededException e) {
            throw RealmException.badParam("grammar", "grammar: the regular expression needs too large an automaton");
        }
    }
}
