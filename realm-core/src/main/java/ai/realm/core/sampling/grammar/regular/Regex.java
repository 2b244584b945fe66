package ai.realm.core.sampling.grammar.regular;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns regular expressions into automata. */
public final class Regex {
    private static final int MAX_LENGTH = 20_000;

    private final WorkBudget budget;

    private Regex(WorkBudget budget) {
        this.budget = budget;
    }

    /**
     * The texts in which the expression is found anywhere, as {@code RegExp.test} says; anchors in the expression hold it to an end.
     * Where dialects differ in what \\d, \\w, \\s and their contraries hold, only what all of them take.
     *
     * @throws UnsupportedRegexException for what is broken or no automaton can follow
     * @throws WorkBudget.ExceededException when it becomes too large
     */
    public static Dfa search(String expression, WorkBudget budget) {
        return compile(expression, true, false, budget);
    }

    /** As {@link #search}, with every text that any dialect finds it in: what is outside is found by none. */
    public static Dfa searchWidely(String expression, WorkBudget budget) {
        return compile(expression, true, true, budget);
    }

    /** The texts that match from the first to the last character. */
    public static Dfa whole(String expression, WorkBudget budget) {
        return compile(expression, false, false, budget);
    }

    private static Dfa compile(String expression, boolean search, boolean wide, WorkBudget budget) {
        if (expression.length() > MAX_LENGTH) {
            throw new UnsupportedRegexException("more than " + MAX_LENGTH + " characters");
        }
        RegexNode node = RegexParser.parse(expression, wide);
        Regex r = new Regex(budget);
        if (!search) {
            return r.language(List.of(node), null);
        }
        RegexNode anyOne = new RegexNode.One(CodePoints.ALL);
        if (!node.looksAhead()) {
            return r.language(List.of(new RegexNode.Repeat(anyOne, 0, -1), node), Dfa.ANY);
        }
        // what follows lookahead is made by itself and does not see where it begins: at the text's begin, or later
        Dfa atBegin = r.language(List.of(node), Dfa.ANY);
        RegexNode inside = node.withoutBegin();
        return atBegin.union(r.language(List.of(new RegexNode.Repeat(anyOne, 1, -1), inside), Dfa.ANY), budget);
    }

    /** What the parts match, one after the other, and then {@code rest}; null for nothing more. */
    private Dfa language(List<RegexNode> parts, @Nullable Dfa rest) {
        int at = 0;
        while (at < parts.size() && !parts.get(at).looksAhead()) {
            at++;
        }
        if (at == parts.size()) {
            return joined(parts, rest);
        }
        List<RegexNode> after = parts.subList(at + 1, parts.size());
        boolean first = parts.subList(0, at).stream().allMatch(Regex::takesNothing);
        if (!first && parts.subList(at, parts.size()).stream().anyMatch(RegexNode::looksBack)) {
            throw new UnsupportedRegexException("an anchor or a word's edge beside lookahead");
        }
        Dfa tail = switch (parts.get(at)) {
            case RegexNode.LookAhead l -> looking(l, after, rest);
            case RegexNode.Sequence s -> spliced(s.parts(), after, rest);
            case RegexNode.Choice c -> {
                Dfa all = Dfa.NONE;
                for (RegexNode option : c.options()) {
                    all = all.union(spliced(List.of(option), after, rest), budget);
                }
                yield all;
            }
            case RegexNode.Repeat r when r.min() == 1 && r.max() == 1 -> spliced(List.of(r.item()), after, rest);
            case RegexNode.Repeat r when r.min() == 0 && r.max() == 1 ->
                spliced(List.of(r.item()), after, rest).union(spliced(List.of(), after, rest), budget);
            case RegexNode.Repeat r -> throw new UnsupportedRegexException("lookahead inside a repetition");
            case RegexNode.One o -> throw new IllegalStateException();
            case RegexNode.Place p -> throw new IllegalStateException();
        };
        return joined(parts.subList(0, at), tail);
    }

    private static boolean takesNothing(RegexNode node) {
        return node instanceof RegexNode.Place
                || node instanceof RegexNode.Sequence s && s.parts().stream().allMatch(Regex::takesNothing);
    }

    private Dfa spliced(List<RegexNode> head, List<RegexNode> after, @Nullable Dfa rest) {
        List<RegexNode> all = new ArrayList<>(head);
        all.addAll(after);
        return language(all, rest);
    }

    private Dfa looking(RegexNode.LookAhead look, List<RegexNode> after, @Nullable Dfa rest) {
        Dfa seen = language(List.of(look.what()), Dfa.ANY);
        Dfa others = language(after, rest);
        return look.negative() ? others.minus(seen, budget) : others.intersection(seen, budget);
    }

    /** Parts without lookahead, and the rest. */
    private Dfa joined(List<RegexNode> parts, @Nullable Dfa rest) {
        Nfa nfa = new Nfa(budget);
        int start = nfa.node();
        int at = start;
        for (RegexNode part : parts) {
            at = add(nfa, part, at);
        }
        if (rest == null) {
            return nfa.determinized(start, at);
        }
        int accept = nfa.node();
        nfa.embed(rest, at, accept);
        return nfa.determinized(start, accept);
    }

    /** @return the node at the end */
    private int add(Nfa nfa, RegexNode node, int from) {
        return switch (node) {
            case RegexNode.One one -> {
                int to = nfa.node();
                nfa.edge(from, one.set(), to);
                yield to;
            }
            case RegexNode.Sequence s -> {
                int at = from;
                for (RegexNode part : s.parts()) {
                    at = add(nfa, part, at);
                }
                yield at;
            }
            case RegexNode.Choice c -> {
                int to = nfa.node();
                for (RegexNode option : c.options()) {
                    nfa.free(add(nfa, option, from), Nfa.Condition.NONE, to);
                }
                yield to;
            }
            case RegexNode.Repeat r -> repeat(nfa, r, from);
            case RegexNode.Place p -> {
                int to = nfa.node();
                nfa.free(from, p.condition(), to);
                yield to;
            }
            case RegexNode.LookAhead l -> throw new IllegalStateException();
        };
    }

    private int repeat(Nfa nfa, RegexNode.Repeat r, int from) {
        int at = from;
        for (int i = 0; i < r.min(); i++) {
            at = add(nfa, r.item(), at);
        }
        if (r.max() < 0) {
            int loop = nfa.node();
            nfa.free(at, Nfa.Condition.NONE, loop);
            nfa.free(add(nfa, r.item(), loop), Nfa.Condition.NONE, loop);
            return loop;
        }
        int end = nfa.node();
        for (int i = r.min(); i < r.max(); i++) {
            nfa.free(at, Nfa.Condition.NONE, end);
            at = add(nfa, r.item(), at);
        }
        nfa.free(at, Nfa.Condition.NONE, end);
        return end;
    }
}
