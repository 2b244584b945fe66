package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Calls as Python writes them, {@code [f(a=1), g(b="x")]}, between marks or bare at the beginning of the answer. */
final class PythonCalls extends CallSyntax {
    private static final String S = GrammarWriter.SPACE;
    private static final String NL = GrammarWriter.LINES;

    private final List<String> opens;
    private final @Nullable String close;
    private final boolean list;
    private final boolean bare;

    /**
     * @param opens marks before the calls
     * @param close the mark after them, or null
     * @param list whether they stand in brackets
     * @param bare whether they may begin the answer without a mark, in brackets
     */
    PythonCalls(List<String> opens, @Nullable String close, boolean list, boolean bare) {
        this.opens = List.copyOf(opens);
        this.close = close;
        this.list = list;
        this.bare = bare;
    }

    @Override
    List<Start> starts(@Nullable List<Tool> tools) {
        List<Start> starts = new ArrayList<>();
        opens.forEach(o -> starts.add(new Start(o, 0, false, false)));
        if (bare) {
            starts.add(new Start("[", 0, true, true));
        }
        return starts;
    }

    @Override
    List<Op> program() {
        return List.of(
                Ops.maybe("["),
                Ops.ifAhead("{", 10),
                Ops.name(), // 2
                Ops.literal("("),
                new PythonArgumentsOp(),
                Ops.end(),
                Ops.ifNext(",", 2),
                list || close == null ? Ops.maybe("]") : Ops.ifAhead(close, 8), // 7
                list ? Ops.go(9) : close == null ? Ops.go(100) : Ops.ifNext(close, 100), // 8
                list && close != null ? Ops.ifNext(close, 100) : Ops.go(list ? 100 : 2),
                list ? new JsonCallOp(false) : Ops.go(100), // 10
                Ops.ifNext(",", 10),
                Ops.go(7));
    }

    private static String call(GrammarWriter g, Tool t) {
        return GrammarWriter.literal(t.name() + "(") + " " + rest(g, t);
    }

    private static String rest(GrammarWriter g, Tool t) {
        return g.once("python " + t.name(), () -> PropertySchema.arguments(g, t, "\",\" " + S,
                name -> GrammarWriter.literal(name + "=") + " " + PropertySchema.json(t, name)) + " \")\"");
    }

    private String callList(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String call = g.anyOf(tools, t -> call(g, t));
        String several = call + more(list ? "\",\" " + S : "\"\\n\"", call, parallel);
        return list ? "\"[\" " + several + " \"]\"" : several;
    }

    private String end(GrammarWriter g) {
        return close == null ? "" : " " + NL + " " + g.mark(close);
    }

    @Override
    List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel) {
        List<Trigger> out = new ArrayList<>();
        for (String o : opens) {
            out.add(new Trigger(o, false, NL + " " + callList(g, tools, parallel) + end(g)));
        }
        if (bare) {
            for (Tool t : tools) {
                String any = g.anyOf(tools, x -> call(g, x));
                out.add(new Trigger("[" + Trigger.SPACE + t.name() + "(", true,
                        rest(g, t) + more("\",\" " + S, any, parallel) + " \"]\""));
            }
        }
        return out;
    }

    @Override
    String calls(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String open = opens.isEmpty() || bare ? "" : g.mark(opens.getFirst()) + " " + NL + " ";
        return open + callList(g, tools, parallel) + (bare ? "" : end(g));
    }

    @Override
    String write(List<ToolCall> calls) {
        List<String> texts = new ArrayList<>();
        for (ToolCall c : calls) {
            List<String> arguments = new ArrayList<>();
            c.arguments().forEach((k, v) -> arguments.add(k + "=" + PythonLiterals.ofJson(JsonText.of(v))));
            texts.add(c.name() + "(" + String.join(", ", arguments) + ")");
        }
        String several = String.join(list ? ", " : "\n", texts);
        return (bare || opens.isEmpty() ? "" : opens.getFirst()) + (list ? "[" + several + "]" : "\n" + several + "\n")
                + (bare || close == null ? "" : close);
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
