package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Calls that are JSON objects with name and arguments: one between marks, a list after a mark, or bare at the beginning of the
 * answer.
 */
final class JsonCalls extends CallSyntax {
    /** Where a call's id stands. */
    enum Id {
        NONE,
        /** After the arguments, nine letters and digits. */
        LAST,
        /** Before the name, the call's number. */
        FIRST
    }

    private static final String S = GrammarWriter.SPACE;
    private static final String NL = GrammarWriter.LINES;

    private final List<String> opens;
    private final @Nullable String close;
    private final String nameKey;
    private final String argumentsKey;
    private final boolean list;
    private final boolean bare;
    private final Id id;

    private JsonCalls(List<String> opens, @Nullable String close, String nameKey, String argumentsKey, boolean list, boolean bare,
            Id id) {
        this.opens = List.copyOf(opens);
        this.close = close;
        this.nameKey = nameKey;
        this.argumentsKey = argumentsKey;
        this.list = list;
        this.bare = bare;
        this.id = id;
    }

    /** Each call between the marks; also bare if it is all that comes. */
    static JsonCalls tagged(String open, String close) {
        return new JsonCalls(List.of(open), close, "name", "arguments", false, true, Id.NONE);
    }

    /** Calls in a row between the marks. */
    static JsonCalls rows(String open, String close) {
        return new JsonCalls(List.of(open), close, "name", "arguments", false, false, Id.NONE);
    }

    /** A list of calls after a mark. */
    static JsonCalls list(String open, @Nullable String close, String nameKey, String argumentsKey, Id id) {
        return new JsonCalls(List.of(open), close, nameKey, argumentsKey, true, false, id);
    }

    /** Bare calls, which may have one of the marks before them. */
    static JsonCalls bare(String argumentsKey, String... opens) {
        return new JsonCalls(List.of(opens), null, "name", argumentsKey, false, true, Id.NONE);
    }

    @Override
    List<Start> starts(@Nullable List<Tool> tools) {
        List<Start> starts = new ArrayList<>();
        opens.forEach(o -> starts.add(new Start(o, 0, false, false)));
        if (bare) {
            starts.add(new Start("{", BARE, true, true));
        }
        if (isFenced()) {
            starts.add(new Start(FENCE + "json", FENCED, false, true));
        }
        return starts;
    }

    /** Models of these formats, when small, write the call as a block of code instead of between its marks. */
    private boolean isFenced() {
        return bare && close != null;
    }

    private static final String FENCE = "```";
    private static final int BARE = 10;
    private static final int FENCED = 14;

    @Override
    List<Op> program() {
        Op end = close == null ? Ops.go(100) : Ops.maybe(close);
        return List.of(
                Ops.ifNext("[", 5),
                new JsonCallOp(false), // 1: objects in a row
                Ops.ifAhead("{", 1),
                end,
                Ops.go(100),
                Ops.ifNext("]", 3), // 5: a list
                new JsonCallOp(false), // 6
                Ops.ifNext(",", 6),
                Ops.ifNext("]", 3),
                Ops.go(100),
                new JsonCallOp(true), // 10: bare
                Ops.ifNext(";", 10),
                Ops.ifAhead("{", 10),
                Ops.go(100),
                new JsonCallOp(true), // 14: in a block of code
                Ops.maybe(FENCE));
    }

    private static String key(String name) {
        return GrammarWriter.literal("\"" + name + "\"") + " " + S + " \":\" " + S + " ";
    }

    /** What follows the name in an object. */
    private String rest(GrammarWriter g, Tool t) {
        String last = id == Id.LAST ? " " + S + " \",\" " + S + " " + key("id") + "\"\\\"\" [a-zA-Z0-9]{9} \"\\\"\"" : "";
        return S + " \",\" " + S + " " + key(argumentsKey) + g.arguments(t) + last + " " + S + " \"}\"";
    }

    private String object(GrammarWriter g, Tool t) {
        String first = id == Id.FIRST ? key("tool_call_id") + "\"\\\"\" [0-9]{1,3} \"\\\"\" " + S + " \",\" " + S + " " : "";
        return "\"{\" " + S + " " + first + key(nameKey) + GrammarWriter.literal("\"" + t.name() + "\"") + " " + rest(g, t);
    }

    private String afterOpen(GrammarWriter g, String object, boolean parallel) {
        String end = close == null ? "" : " " + NL + " " + g.mark(close);
        return list
                ? S + " \"[\" " + NL + " " + object + more("\",\" " + NL, object, parallel) + " " + NL + " \"]\"" + end
                : NL + " " + object + end;
    }

    private String tagged(GrammarWriter g, String object, boolean parallel) {
        String open = opens.getFirst();
        String after = afterOpen(g, object, parallel);
        return list ? after : after + more(NL + " " + g.mark(open), after, parallel) + " " + NL;
    }

    @Override
    List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String object = g.anyOf(tools, t -> object(g, t));
        List<Trigger> out = new ArrayList<>();
        String after = opens.isEmpty() ? "" : tagged(g, object, parallel);
        opens.forEach(o -> out.add(new Trigger(o, false, after)));
        if (bare) {
            char s = Trigger.SPACE;
            for (Tool t : tools) {
                String begin = "{" + s + "\"name\"" + s + ":" + s + "\"" + t.name() + "\"";
                out.add(new Trigger(begin, true, rest(g, t) + more("\";\" " + S, object, parallel)));
                if (isFenced()) {
                    out.add(new Trigger(FENCE + "json" + s + begin, true, rest(g, t) + " " + NL + " \"" + FENCE + "\""));
                }
            }
        }
        return out;
    }

    @Override
    String calls(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String object = g.anyOf(tools, t -> object(g, t));
        return bare && close == null
                ? object + more("\";\" " + S, object, parallel)
                : g.mark(opens.getFirst()) + " " + tagged(g, object, parallel);
    }

    @Override
    String write(List<ToolCall> calls) {
        List<String> objects = new ArrayList<>();
        for (ToolCall c : calls) {
            String first = id == Id.FIRST ? "\"tool_call_id\": \"" + objects.size() + "\", " : "";
            String last = id == Id.LAST ? ", \"id\": \"" + c.id() + "\"" : "";
            objects.add("{" + first + "\"" + nameKey + "\": \"" + c.name() + "\", \"" + argumentsKey + "\": " + c.json() + last
                    + "}");
        }
        String end = close == null ? "" : close;
        if (list) {
            return opens.getFirst() + "[" + String.join(", ", objects) + "]" + end;
        }
        if (close == null) {
            return String.join("; ", objects);
        }
        List<String> tagged = new ArrayList<>();
        objects.forEach(o -> tagged.add(opens.getFirst() + "\n" + o + "\n" + end));
        return String.join("\n", tagged);
    }

    @Override
    List<String> marks() {
        List<String> marks = new ArrayList<>(opens);
        if (close != null) {
            marks.add(close);
        }
        return marks;
    }
}
