package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Calls that are parts of the answer with the tool as their recipient: a mark, the name, a line end, JSON. */
final class RecipientCalls extends CallSyntax {
    private final String mark;

    RecipientCalls(String mark) {
        this.mark = mark;
    }

    @Override
    List<Start> starts(@Nullable List<Tool> tools) {
        List<Start> starts = new ArrayList<>();
        if (tools != null) {
            tools.forEach(t -> starts.add(new Start(mark + t.name() + "\n", 0, true, false)));
        }
        return starts;
    }

    @Override
    List<Op> program() {
        return List.of(Ops.literal(mark), Ops.name(), Ops.arguments(), Ops.end());
    }

    private String rest(GrammarWriter g, Tool t, List<Tool> tools, boolean parallel) {
        return g.arguments(t) + more("\"\\n\"? " + GrammarWriter.literal(mark), g.anyOf(tools, x -> call(g, x)), parallel);
    }

    private static String call(GrammarWriter g, Tool t) {
        return GrammarWriter.literal(t.name() + "\n") + " " + g.arguments(t);
    }

    @Override
    List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel) {
        List<Trigger> out = new ArrayList<>();
        tools.forEach(t -> out.add(new Trigger(mark + t.name() + "\n", false, rest(g, t, tools, parallel))));
        return out;
    }

    @Override
    String calls(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String call = g.anyOf(tools, t -> call(g, t));
        return g.mark(mark) + " " + call + more("\"\\n\"? " + GrammarWriter.literal(mark), call, parallel);
    }

    @Override
    String write(List<ToolCall> calls) {
        StringBuilder out = new StringBuilder();
        calls.forEach(c -> out.append(mark).append(c.name()).append('\n').append(c.json()));
        return out.toString();
    }

    @Override
    List<String> marks() {
        return List.of();
    }
}
