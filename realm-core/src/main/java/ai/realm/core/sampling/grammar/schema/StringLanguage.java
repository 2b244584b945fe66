package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import ai.realm.core.sampling.grammar.schema.Solver.Case;
import java.util.List;

/**
 * The strings of a case.
 *
 * @param texts an automaton, without the lengths
 * @param min code points
 * @param max code points, negative for no bound
 */
record StringLanguage(Dfa texts, int min, int max) {
    /**
     * Beside a pattern, a longer text than this is held to this length, and to less where the pattern's automaton is large: it is
     * within what the schema allows.
     */
    private static final int LONGEST_WITH_PATTERN = 2000;
    private static final int MAX_PLACES = 12_000;

    /** @param formats whether they count */
    static StringLanguage of(List<Atom> atoms, boolean formats, Languages languages) {
        Dfa texts = Dfa.ANY;
        int min = 0;
        int max = -1;
        for (Atom atom : atoms) {
            if (!(atom instanceof Atom.Says says)) {
                continue;
            }
            Schema s = says.schema();
            try {
                switch (says.keyword()) {
                    case "minLength" -> {
                        if (says.holds()) {
                            min = Math.max(min, s.count("minLength", 0));
                        } else {
                            max = lower(max, s.count("minLength", 0) - 1);
                        }
                    }
                    case "maxLength" -> {
                        if (says.holds()) {
                            max = lower(max, s.count("maxLength", 0));
                        } else {
                            min = Math.max(min, s.count("maxLength", 0) + 1);
                        }
                    }
                    case "pattern" -> {
                        String pattern = s.text("pattern");
                        texts = says.holds()
                                ? texts.intersection(languages.pattern(s, "pattern", pattern), languages.budget())
                                : texts.minus(languages.widePattern(s, "pattern", pattern), languages.budget());
                    }
                    case "format" -> {
                        Dfa format = formats ? Formats.of(s) : null;
                        texts = format == null ? texts : texts.intersection(format, languages.budget());
                    }
                    default -> texts = texts.minus(
                            Dfa.ofTexts(s.values(says.keyword()).stream().filter(v -> v instanceof String).map(v -> (String) v)
                                    .toList()),
                            languages.budget());
                }
            } catch (WorkBudget.ExceededException e) {
                throw tooLarge(s, says.keyword());
            }
        }
        return max != -1 && max < min ? new StringLanguage(Dfa.NONE, 0, -1) : new StringLanguage(texts, min, max).simplified();
    }

    private static UnholdableException tooLarge(Schema s, String keyword) {
        return s.unholdable(keyword, "cannot be held: together with what stands beside it, it needs too large an automaton");
    }

    /** -1 stands for no bound, and a bound below 0 for nothing at all. */
    private static int lower(int max, int other) {
        int bound = other < 0 ? -2 : other;
        return max == -1 ? bound : Math.min(max, bound);
    }

    private StringLanguage simplified() {
        if (texts == Dfa.ANY || texts.isEmpty()) {
            return texts.isEmpty() ? new StringLanguage(Dfa.NONE, 0, -1) : this;
        }
        int longest = texts.longest();
        int shortest = texts.shortest();
        int low = min <= shortest ? 0 : min;
        int high = max >= 0 && longest >= 0 && longest <= max ? -1 : max;
        boolean never = max >= 0 && shortest > max || longest >= 0 && longest < min;
        return never ? new StringLanguage(Dfa.NONE, 0, -1) : new StringLanguage(texts, low, high);
    }

    boolean isEmpty(Languages languages) {
        return texts.isEmpty() || texts != Dfa.ANY && (min > 0 || max >= 0) && whole(languages).isEmpty();
    }

    /** With the lengths, a long one held to what an automaton of some size can count. */
    Dfa whole(Languages languages) {
        if (min <= 0 && max < 0) {
            return texts;
        }
        int most = Math.clamp(MAX_PLACES / texts.size(), 50, LONGEST_WITH_PATTERN);
        int high = max < 0 ? -1 : Math.min(max, Math.max(most, Math.max(min, texts.shortest())));
        return texts.withLength(min, high, languages.budget());
    }

    /** The schema and keyword that a case's refusal names. */
    static Dfa names(Case names, Languages languages) {
        return of(names.atoms(), true, languages).whole(languages);
    }
}
