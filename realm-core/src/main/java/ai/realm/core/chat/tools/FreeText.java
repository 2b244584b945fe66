package ai.realm.core.chat.tools;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Free text as a grammar: any text up to the first trigger, and what must follow that. A finite automaton over the triggers'
 * characters (subset construction), written as one rule a state, each of which ends in a call of another.
 */
final class FreeText {
    private static final String BLANKS = " \t\n\r";

    private record Item(int trigger, int pos) implements Comparable<Item> {
        @Override
        public int compareTo(Item o) {
            return trigger != o.trigger ? Integer.compare(trigger, o.trigger) : Integer.compare(pos, o.pos);
        }
    }

    private final GrammarWriter g;
    private final List<Trigger> triggers;
    private final List<String> marks;
    private final boolean mayEnd;
    private final Map<TreeSet<Item>, String> names = new LinkedHashMap<>();
    private final Deque<TreeSet<Item>> todo = new ArrayDeque<>();
    private final String[] rules;

    private FreeText(GrammarWriter g, List<Trigger> triggers, List<String> marks, boolean mayEnd) {
        this.g = g;
        this.triggers = triggers;
        this.marks = marks;
        this.mayEnd = mayEnd;
        this.rules = new String[triggers.size()];
        for (int i = 0; i < rules.length; i++) {
            rules[i] = g.rule(triggers.get(i).rule());
        }
    }

    /**
     * The name of a rule for the text.
     *
     * @param marks that may stand in the text as tokens of their own
     * @param mayEnd whether the text may end without a trigger
     * @param before text that is there already, which holds no trigger
     */
    static String rule(GrammarWriter g, List<Trigger> triggers, List<String> marks, boolean mayEnd, String before) {
        FreeText text = new FreeText(g, triggers, marks, mayEnd);
        String start = text.name(text.after(text.start(), before));
        while (!text.todo.isEmpty()) {
            TreeSet<Item> state = text.todo.pop();
            g.define(String.valueOf(text.names.get(state)), text.body(state));
        }
        return start;
    }

    /** Text up to a mark, and then {@code after}. */
    static String until(GrammarWriter g, String mark, String after) {
        return rule(g, List.of(new Trigger(mark, false, after)), List.of(), false, "");
    }

    private TreeSet<Item> start() {
        TreeSet<Item> state = new TreeSet<>();
        for (int i = 0; i < triggers.size(); i++) {
            add(state, i, 0);
        }
        return state;
    }

    private String pattern(int trigger) {
        Trigger t = triggers.get(trigger);
        return t.first() ? Trigger.SPACE + t.pattern() : t.pattern();
    }

    private void add(TreeSet<Item> state, int trigger, int pos) {
        state.add(new Item(trigger, pos));
        String p = pattern(trigger);
        if (pos < p.length() && p.charAt(pos) == Trigger.SPACE) {
            add(state, trigger, pos + 1);
        }
    }

    private String name(TreeSet<Item> state) {
        String known = names.get(state);
        if (known != null) {
            return known;
        }
        String name = g.reserve();
        names.put(state, name);
        todo.push(state);
        return name;
    }

    private String body(TreeSet<Item> state) {
        Map<Character, String> next = new TreeMap<>();
        for (Item item : state) {
            char c = pattern(item.trigger).charAt(item.pos);
            for (char each : (c == Trigger.SPACE ? BLANKS : String.valueOf(c)).toCharArray()) {
                next.computeIfAbsent(each, x -> after(state, x));
            }
        }
        Map<String, StringBuilder> classes = new LinkedHashMap<>();
        StringBuilder named = new StringBuilder();
        next.forEach((c, to) -> {
            GrammarWriter.character(c, classes.computeIfAbsent(to, _ -> new StringBuilder()));
            GrammarWriter.character(c, named);
        });
        List<String> out = new ArrayList<>();
        TreeSet<Item> elsewhere = new TreeSet<>();
        addAnywhere(elsewhere);
        out.add("[^" + named + "] " + name(elsewhere));
        classes.forEach((to, set) -> out.add("[" + set + "] " + to));
        tokens(out, name(elsewhere));
        if (mayEnd) {
            out.add("\"\"");
        }
        return String.join(" | ", out);
    }

    private void tokens(List<String> out, String elsewhere) {
        for (int i = 0; i < rules.length; i++) {
            String token = g.token(triggers.get(i).pattern());
            if (token != null) {
                out.add(token + " " + rules[i]);
            }
        }
        for (String m : marks) {
            String token = g.token(m);
            if (token != null) {
                out.add(token + " " + elsewhere);
            }
        }
    }

    private void addAnywhere(TreeSet<Item> state) {
        for (int i = 0; i < triggers.size(); i++) {
            if (!triggers.get(i).first()) {
                add(state, i, 0);
            }
        }
    }

    private TreeSet<Item> after(TreeSet<Item> state, String text) {
        TreeSet<Item> at = state;
        for (char c : text.toCharArray()) {
            at = move(at, c);
        }
        return at;
    }

    private String after(TreeSet<Item> state, char c) {
        TreeSet<Item> to = move(state, c);
        String completed = completed(to);
        return completed == null ? name(to) : completed;
    }

    private TreeSet<Item> move(TreeSet<Item> state, char c) {
        TreeSet<Item> to = new TreeSet<>();
        for (Item item : state) {
            char wanted = pattern(item.trigger).charAt(item.pos);
            if (wanted == Trigger.SPACE && BLANKS.indexOf(c) >= 0) {
                add(to, item.trigger, item.pos);
            } else if (wanted == c) {
                add(to, item.trigger, item.pos + 1);
            }
        }
        addAnywhere(to);
        return to;
    }

    private @Nullable String completed(TreeSet<Item> state) {
        for (Item item : state) {
            if (item.pos == pattern(item.trigger).length()) {
                return rules[item.trigger];
            }
        }
        return null;
    }
}
