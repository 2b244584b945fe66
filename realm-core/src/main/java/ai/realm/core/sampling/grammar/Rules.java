package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rules of a grammar while they are put together. A rule is reserved first and defined later, so that rules may refer to each
 * other. A counted rule repeats another one without a copy for each time. One thread.
 */
public final class Rules {
    private static final int MAX_SYMBOLS = 1_000_000;
    /** Positions that counted rules take up; they cost no memory. */
    private static final int MAX_COUNTS = 1 << 30;

    /**
     * A repetition.
     *
     * @param item a rule that never matches nothing
     * @param max negative for no bound
     */
    record Counted(int item, int min, int max) {}

    private final List<String> names = new ArrayList<>();
    private final List<List<List<Symbol>>> bodies = new ArrayList<>();
    private final Map<Integer, Counted> counted = new HashMap<>();
    /** Rules made for repetitions, whose recursion at the end is harmless even after something empty. */
    private final BitSet repetitions = new BitSet();
    private int symbols;
    private long counts;

    /** A new rule without a body. */
    public int reserve(String name) {
        names.add(name);
        bodies.add(List.of());
        return bodies.size() - 1;
    }

    /** Gives a rule its alternatives, each a sequence of symbols. */
    public void define(int rule, List<List<Symbol>> alternatives) {
        bodies.set(rule, alternatives);
        symbols += 1;
        for (List<Symbol> body : alternatives) {
            symbols += 1 + body.size();
        }
        if (symbols > MAX_SYMBOLS) {
            throw RealmException.badParam("grammar", "a grammar may have at most " + MAX_SYMBOLS + " symbols");
        }
    }

    /** A new rule with its alternatives. */
    public int add(String name, List<List<Symbol>> alternatives) {
        int rule = reserve(name);
        define(rule, alternatives);
        return rule;
    }

    /**
     * A new rule that matches {@code item} from {@code min} to {@code max} times.
     *
     * @param item a rule that never matches nothing
     * @param max negative for no bound
     */
    public int repeat(String name, int item, int min, int max) {
        Symbol once = new Symbol.Rule(item);
        if (max == 0) {
            return add(name, List.of(List.of()));
        }
        if (min == 0 && max < 0) {
            return star(name, List.of(once));
        }
        counts += Math.max(min, max) + 1L;
        if (counts > MAX_COUNTS) {
            throw RealmException.badParam("grammar", "the repetitions of a grammar may count to " + MAX_COUNTS + " together");
        }
        // the body stands for what the rule can begin with, for those who look at bodies alone
        int rule = add(name, min == 0 ? List.of(List.of(once), List.of()) : List.of(List.of(once)));
        counted.put(rule, new Counted(item, min, max));
        return rule;
    }

    /** A new rule that matches the symbols any number of times. */
    public int star(String name, List<Symbol> item) {
        int rule = reserve(name);
        repetitions.set(rule);
        List<Symbol> more = new ArrayList<>(item);
        more.add(new Symbol.Rule(rule));
        define(rule, List.of(more, List.of()));
        return rule;
    }

    /** A symbol that matches one code point of the ranges: first and last of each, one after the other. */
    public static Symbol chars(int... ranges) {
        return new Symbol.Char(CharClass.of(ranges, false));
    }

    /** A symbol that matches what a rule matches. */
    public static Symbol rule(int rule) {
        return new Symbol.Rule(rule);
    }

    /** Symbols that match a text. */
    public static List<Symbol> literal(String text) {
        List<Symbol> out = new ArrayList<>(text.length());
        text.codePoints().forEach(cp -> out.add(new Symbol.Char(CharClass.of(cp))));
        return out;
    }

    /** The number of rules, and of the next one. */
    public int size() {
        return bodies.size();
    }

    String name(int rule) {
        return names.get(rule);
    }

    List<List<List<Symbol>>> bodies() {
        return bodies;
    }

    Map<Integer, Counted> counted() {
        return counted;
    }

    BitSet repetitions() {
        return repetitions;
    }

    /** Symbols so far. */
    public int symbols() {
        return symbols;
    }

    /**
     * Leaves out every alternative that can never come to an end, so that no output runs into it.
     *
     * @param from the first of the rules that this is done for
     * @return whether anything is left that the root matches
     */
    public boolean prune(int root, int from) {
        BitSet productive = productive();
        for (int rule = from; rule < bodies.size(); rule++) {
            Counted c = counted.get(rule);
            if (c != null && !productive.get(c.item())) {
                counted.remove(rule);
            }
            List<List<Symbol>> kept = new ArrayList<>();
            for (List<Symbol> body : bodies.get(rule)) {
                if (body.stream().allMatch(s -> isProductive(s, productive))) {
                    kept.add(body);
                }
            }
            if (kept.size() < bodies.get(rule).size()) {
                bodies.set(rule, kept);
            }
        }
        return productive.get(root);
    }

    private static boolean isProductive(Symbol symbol, BitSet productive) {
        return switch (symbol) {
            case Symbol.Rule r -> productive.get(r.id());
            case Symbol.Char c -> c.set().intersects(0, Character.MAX_CODE_POINT);
            case Symbol.Token t -> true;
        };
    }

    /** In time linear in the grammar: a rule that turns out to be productive is taken off the bodies that wait for it. */
    private BitSet productive() {
        List<List<int[]>> waiting = new ArrayList<>();
        for (int rule = 0; rule < bodies.size(); rule++) {
            waiting.add(new ArrayList<>());
        }
        BitSet productive = new BitSet();
        List<Integer> todo = new ArrayList<>();
        for (int rule = 0; rule < bodies.size(); rule++) {
            for (List<Symbol> body : bodies.get(rule)) {
                int[] left = {rule, 0};
                for (Symbol s : body) {
                    if (s instanceof Symbol.Rule r) {
                        left[1]++;
                        waiting.get(r.id()).add(left);
                    } else if (!isProductive(s, productive)) {
                        left[1] = Integer.MAX_VALUE / 2;
                        break;
                    }
                }
                settle(left, productive, todo);
            }
        }
        while (!todo.isEmpty()) {
            for (int[] left : waiting.get(todo.removeLast())) {
                left[1]--;
                settle(left, productive, todo);
            }
        }
        return productive;
    }

    private static void settle(int[] left, BitSet productive, List<Integer> todo) {
        if (left[1] == 0 && !productive.get(left[0])) {
            productive.set(left[0]);
            todo.add(left[0]);
        }
    }
}
