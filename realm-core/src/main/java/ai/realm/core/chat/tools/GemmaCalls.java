package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Calls of function-calling Gemma models: {@code OPEN call:name{key:value,…} CLOSE}, strings between two marks of their own. */
final class GemmaCalls extends CallSyntax {
    private static final String NAME = "call:";

    private final String open;
    private final String close;
    private final String quote;

    GemmaCalls(String open, String close, String quote) {
        this.open = open;
        this.close = close;
        this.quote = quote;
    }

    @Override
    List<Start> starts(@Nullable List<Tool> tools) {
        return List.of(new Start(open, 0, false, false));
    }

    @Override
    List<Op> program() {
        return List.of(Ops.name(n -> n.startsWith(NAME) ? n.substring(NAME.length()) : ""), new GemmaArgumentsOp(quote),
                Ops.end(), Ops.maybe(close), Ops.ifNext(open, 0));
    }

    private String call(GrammarWriter g, Tool t) {
        return g.once("gemma " + t.name(), () -> callOf(g, t));
    }

    private String callOf(GrammarWriter g, Tool t) {
        String arguments = PropertySchema.arguments(g, t, "\",\"",
                name -> GrammarWriter.literal(name + ":") + " " + value(g, t, name));
        return GrammarWriter.literal(NAME + t.name() + "{") + " " + arguments + " \"}\" " + g.mark(close);
    }

    private String value(GrammarWriter g, Tool t, String name) {
        if (!ArgumentValues.isText(t, name)) {
            return PropertySchema.json(t, name);
        }
        String choices = PropertySchema.choices(t, name);
        return g.mark(quote) + " " + (choices == null ? FreeText.until(g, quote, "\"\"") : choices + " " + g.mark(quote));
    }

    @Override
    List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String call = g.anyOf(tools, t -> call(g, t));
        return List.of(new Trigger(open, false, call + more(g.mark(open), call, parallel)));
    }

    @Override
    String calls(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String call = g.anyOf(tools, t -> call(g, t));
        return g.mark(open) + " " + call + more(g.mark(open), call, parallel);
    }

    @Override
    String write(List<ToolCall> calls) {
        StringBuilder out = new StringBuilder();
        for (ToolCall c : calls) {
            List<String> pairs = new ArrayList<>();
            c.arguments().forEach((k, v) -> pairs.add(k + ":" + (v instanceof String s ? quote + s + quote : JsonText.of(v))));
            out.append(open).append(NAME).append(c.name()).append('{').append(String.join(",", pairs)).append('}').append(close);
        }
        return out.toString();
    }

    @Override
    List<String> marks() {
        return List.of(open, close, quote);
    }
}
