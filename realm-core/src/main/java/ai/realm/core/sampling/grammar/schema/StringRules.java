package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.Rules;
import ai.realm.core.sampling.grammar.Symbol;
import ai.realm.core.sampling.grammar.regular.CodePoints;
import ai.realm.core.sampling.grammar.regular.Dfa;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rules for JSON strings whose text belongs to a language. What must be escaped stands as an escape; what need not be may be one as
 * well. Half a surrogate pair is never written.
 */
final class StringRules {
    private static final int[] MUST_ESCAPE = CodePoints.of(new int[]{0, 0x1F, '"', '"', '\\', '\\', 0x7F, 0x7F});
    private static final int[] RAW = CodePoints.complement(MUST_ESCAPE);
    private static final String SHORT = "\"\\/\b\f\n\r\t";
    private static final String SHORT_LETTERS = "\"\\/bfnrt";
    /** From so many states on, what need not be escaped never is. */
    private static final int MANY_STATES = 40;
    private static final int MANY_RANGES = 24;

    private record Key(Dfa texts, int min, int max) {}

    private record Set(List<Integer> ranges) {}

    private final Rules rules;
    private final Map<Key, Integer> known = new HashMap<>();
    private final Map<Set, Integer> escapes = new HashMap<>();
    private final Map<Set, Integer> characters = new HashMap<>();
    private int any = -1;

    StringRules(Rules rules) {
        this.rules = rules;
    }

    /** Any string. */
    int any() {
        if (any < 0) {
            any = rules.add("string", List.of(
                    JsonRules.sequence("\"", rules.star("chars", List.of(Rules.rule(character(CodePoints.ALL, true)))), "\"")));
        }
        return any;
    }

    /** Strings of a language. */
    int of(StringLanguage language, Languages languages) {
        if (language.texts() == Dfa.ANY && language.min() <= 0 && language.max() < 0) {
            return any();
        }
        Key key = new Key(language.texts(), language.min(), language.max());
        Integer rule = known.get(key);
        if (rule == null) {
            rule = language.texts() == Dfa.ANY
                    ? rules.add("text", List.of(JsonRules.sequence("\"",
                            rules.repeat("chars", character(CodePoints.ALL, true), language.min(), language.max()), "\"")))
                    : new Automaton(language.texts(), language, languages).rule();
            known.put(key, rule);
        }
        return rule;
    }

    /** A string of an automaton, quotes included. */
    int of(Dfa texts, Languages languages) {
        return of(new StringLanguage(texts, 0, -1), languages);
    }

    /** One character of a set, raw or escaped. */
    private int character(int[] set, boolean full) {
        Set key = new Set(boxed(set));
        Integer known = characters.get(key);
        if (known == null) {
            List<List<Symbol>> out = new ArrayList<>();
            int[] raw = CodePoints.intersection(set, RAW);
            if (raw.length > 0) {
                out.add(List.of(Rules.chars(raw)));
            }
            int escaped = escape(set, full);
            if (escaped >= 0) {
                out.add(JsonRules.sequence("\\", escaped));
            }
            known = rules.add("char", out);
            characters.put(key, known);
        }
        return known;
    }

    private static List<Integer> boxed(int[] set) {
        return Arrays.stream(set).boxed().toList();
    }

    /** What may follow a backslash for a character of a set, or -1 when nothing may. */
    private int escape(int[] set, boolean full) {
        int[] meant = full && set.length <= 2 * MANY_RANGES ? set : CodePoints.intersection(set, MUST_ESCAPE);
        Set key = new Set(boxed(meant));
        Integer known = escapes.get(key);
        if (known == null) {
            List<List<Symbol>> out = new ArrayList<>();
            for (int i = 0; i < SHORT.length(); i++) {
                if (CodePoints.contains(meant, SHORT.charAt(i))) {
                    out.add(JsonRules.sequence(String.valueOf(SHORT_LETTERS.charAt(i))));
                }
            }
            int hex = units(CodePoints.intersection(meant, new int[]{0, 0xFFFF}), 4);
            if (hex >= 0) {
                out.add(JsonRules.sequence("u", hex));
            }
            if (CodePoints.contains(meant, 0x10000) && meant[meant.length - 2] <= 0x10000
                    && meant[meant.length - 1] == Character.MAX_CODE_POINT) {
                out.add(JsonRules.sequence("u", units(new int[]{0xD800, 0xDBFF}, 4), "\\u", units(new int[]{0xDC00, 0xDFFF}, 4)));
            }
            known = out.isEmpty() ? -1 : rules.add("escape", out);
            escapes.put(key, known);
        }
        return known;
    }

    /** The hexadecimal digits of numbers in ranges, or -1 for none. */
    private int units(int[] ranges, int digits) {
        if (ranges.length == 0) {
            return -1;
        }
        // by the rule for the digits that follow, the first digits that lead to it
        Map<Integer, List<Integer>> byRest = new LinkedHashMap<>();
        int size = 1 << 4 * (digits - 1);
        Map<List<Integer>, Integer> rests = new HashMap<>();
        for (int d = 0; d < 16; d++) {
            List<Integer> below = new ArrayList<>();
            for (int i = 0; i < ranges.length; i += 2) {
                int lo = Math.max(ranges[i], d * size);
                int hi = Math.min(ranges[i + 1], (d + 1) * size - 1);
                if (lo <= hi) {
                    below.add(lo - d * size);
                    below.add(hi - d * size);
                }
            }
            if (!below.isEmpty()) {
                int rest = digits == 1
                        ? -1
                        : rests.computeIfAbsent(below, b -> units(b.stream().mapToInt(x -> x).toArray(), digits - 1));
                byRest.computeIfAbsent(rest, r -> new ArrayList<>()).add(d);
            }
        }
        List<List<Symbol>> out = new ArrayList<>();
        byRest.forEach((rest, first) -> {
            Symbol digit = hexDigits(first);
            out.add(rest < 0 ? List.of(digit) : List.of(digit, Rules.rule(rest)));
        });
        return rules.add("hex", out);
    }

    private static Symbol hexDigits(List<Integer> values) {
        List<Integer> ranges = new ArrayList<>();
        for (int v : values) {
            for (char c : v < 10 ? new char[]{(char) ('0' + v)} : new char[]{(char) ('A' + v - 10), (char) ('a' + v - 10)}) {
                ranges.add((int) c);
                ranges.add((int) c);
            }
        }
        return Rules.chars(CodePoints.of(ranges.stream().mapToInt(x -> x).toArray()));
    }

    /** Writes an automaton as rules, one for each state, or for each state and length where lengths count. */
    private final class Automaton {
        private record At(int state, int length) {}

        private record Reserved(At at, int rule) {}

        private final Dfa dfa;
        private final int min;
        private final int max;
        private final boolean full;
        private final Map<At, Integer> places = new HashMap<>();
        private final List<Reserved> todo = new ArrayList<>();

        Automaton(Dfa texts, StringLanguage language, Languages languages) {
            boolean loop = tailIsLoop(texts);
            this.dfa = loop ? texts : language.whole(languages);
            this.min = loop ? language.min() : 0;
            this.max = loop ? language.max() : -1;
            this.full = dfa.size() < MANY_STATES;
        }

        /** Whether lengths can be counted by rules: every state but those that stay is reached at few lengths. */
        private static boolean tailIsLoop(Dfa dfa) {
            int[] depth = new int[dfa.size()];
            Arrays.fill(depth, -1);
            depth[0] = 0;
            for (int s = 0; s < dfa.size(); s++) {
                int[] e = dfa.edges(s);
                boolean stays = stays(dfa, s);
                for (int i = 2; i < e.length && !stays; i += 3) {
                    // states are numbered in the order of a search from the start
                    if (depth[s] < 0 || e[i] <= s || depth[e[i]] >= 0 && depth[e[i]] != depth[s] + 1 && !stays(dfa, e[i])) {
                        return false;
                    }
                    depth[e[i]] = depth[s] + 1;
                }
            }
            return true;
        }

        /** Whether it is accepting and every edge leads back to it. */
        private static boolean stays(Dfa dfa, int state) {
            int[] e = dfa.edges(state);
            for (int i = 2; i < e.length; i += 3) {
                if (e[i] != state) {
                    return false;
                }
            }
            return e.length > 0 && dfa.accepts(state);
        }

        int rule() {
            int first = place(0, 0);
            while (!todo.isEmpty()) {
                Reserved next = todo.removeLast();
                define(next.at, next.rule);
            }
            return rules.add("text", List.of(JsonRules.sequence("\"", first, "\"")));
        }

        private int place(int state, int length) {
            return places.computeIfAbsent(new At(state, max < 0 && min <= 0 ? 0 : length), at -> {
                int rule = rules.reserve("s");
                todo.add(new Reserved(at, rule));
                return rule;
            });
        }

        private void define(At at, int rule) {
            boolean counts = max >= 0 || min > 0;
            Map<Integer, int[]> byTarget = new LinkedHashMap<>();
            int[] e = dfa.edges(at.state);
            for (int i = 0; i < e.length; i += 3) {
                byTarget.merge(e[i + 2], new int[]{e[i], e[i + 1]}, CodePoints::union);
            }
            if (counts && stays(dfa, at.state)) {
                int low = Math.max(0, min - at.length);
                int high = max < 0 ? -1 : max - at.length;
                rules.define(rule, high < -1 || max >= 0 && high < low
                        ? List.of()
                        : List.of(List.of(Rules.rule(
                                rules.repeat("chars", character(byTarget.getOrDefault(at.state, CodePoints.NONE), full), low,
                                        high)))));
                return;
            }
            List<List<Symbol>> out = new ArrayList<>();
            if (dfa.accepts(at.state) && at.length >= min && (max < 0 || at.length <= max)) {
                out.add(List.of());
            }
            if (max < 0 || at.length < max) {
                byTarget.forEach((target, set) -> edge(set, place(target, at.length + 1), out));
            }
            rules.define(rule, out);
        }

        private void edge(int[] set, int next, List<List<Symbol>> out) {
            int[] raw = CodePoints.intersection(set, RAW);
            if (raw.length > 0) {
                out.add(List.of(Rules.chars(raw), Rules.rule(next)));
            }
            int escaped = escape(set, full);
            if (escaped >= 0) {
                out.add(JsonRules.sequence("\\", escaped, next));
            }
        }
    }
}
