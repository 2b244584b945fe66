package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.Regex;
import ai.realm.core.sampling.grammar.regular.UnsupportedRegexException;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The automata of one document's patterns, each made once, and what patterns say of a property's name. */
final class Languages {
    private final Map<String, Dfa> patterns = new HashMap<>();
    private final Map<String, Dfa> widePatterns = new HashMap<>();
    private final WorkBudget budget;

    Languages(WorkBudget budget) {
        this.budget = budget;
    }

    WorkBudget budget() {
        return budget;
    }

    /** The texts in which a pattern is found. */
    Dfa pattern(Schema s, String keyword, String pattern) {
        return pattern(s, keyword, pattern, patterns, false);
    }

    /** The texts in which a pattern may be found: what is outside is surely without it. */
    Dfa widePattern(Schema s, String keyword, String pattern) {
        return pattern(s, keyword, pattern, widePatterns, true);
    }

    private Dfa pattern(Schema s, String keyword, String pattern, Map<String, Dfa> patterns, boolean wide) {
        Dfa known = patterns.get(pattern);
        if (known != null) {
            return known;
        }
        try {
            Dfa made = wide ? Regex.searchWidely(pattern, budget) : Regex.search(pattern, budget);
            patterns.put(pattern, made);
            return made;
        } catch (UnsupportedRegexException e) {
            throw s.unholdable(keyword, "cannot be held: the expression " + pattern + " has " + e.getMessage());
        } catch (WorkBudget.ExceededException e) {
            throw s.unholdable(keyword,
                    "cannot be held: the expression " + (pattern.length() > 80 ? pattern.substring(0, 80) + "…" : pattern)
                            + " needs too large an automaton");
        }
    }

    /** The schemas that one schema has for the property of a name. */
    List<Schema> schemasFor(Schema s, String name) {
        List<Schema> out = new ArrayList<>();
        Schema own = s.named("properties", name);
        if (own != null) {
            out.add(own);
        }
        s.named("patternProperties").forEach((pattern, schema) -> {
            if (pattern(s, "patternProperties", pattern).matches(name)) {
                out.add(schema);
            }
        });
        if (out.isEmpty() && s.has("additionalProperties")) {
            out.add(s.child("additionalProperties"));
        }
        return out;
    }
}
