package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Calls whose arguments stand one by one between marks, strings without quotes.
 */
final class XmlCalls extends CallSyntax {
    /**
     * What stands around the parts.
     *
     * @param open mark around a call
     * @param nameOpen before the name, or null when it follows {@code open}
     * @param nameClose after the name, or null
     * @param keyOpen before an argument's name
     * @param keyClose after it
     * @param valueOpen before a value, or null
     * @param valueClose after it
     * @param callClose after the last argument, or null
     * @param close mark around a call
     * @param ownLines whether values stand on lines of their own
     * @param several whether several calls stand between one {@code open} and {@code close}
     */
    record Marks(String open, @Nullable String nameOpen, @Nullable String nameClose, String keyOpen, String keyClose,
            @Nullable String valueOpen, String valueClose, @Nullable String callClose, String close, boolean ownLines,
            boolean several) {}

    private static final String NL = GrammarWriter.LINES;

    private final Marks m;

    XmlCalls(Marks marks) {
        this.m = marks;
    }

    @Override
    List<Start> starts(@Nullable List<Tool> tools) {
        List<Start> starts = new ArrayList<>();
        starts.add(new Start(m.open, 0, false, false));
        if (m.nameOpen != null) {
            starts.add(new Start(m.nameOpen, 1, false, false));
        }
        return starts;
    }

    @Override
    List<Op> program() {
        String ends = m.callClose == null ? m.close : m.callClose;
        return List.of(
                m.nameOpen == null ? Ops.go(1) : Ops.literal(m.nameOpen),
                Ops.name(), // 1
                m.nameClose == null ? Ops.go(3) : Ops.literal(m.nameClose),
                Ops.ifNext(ends, 7), // 3
                Ops.literal(m.keyOpen),
                new ParameterOp(m.keyClose, m.valueOpen, m.valueClose, m.ownLines),
                Ops.go(3),
                Ops.end(), // 7
                m.several && m.nameOpen != null ? Ops.ifNext(m.nameOpen, 1) : Ops.go(9),
                m.callClose == null ? Ops.go(100) : Ops.maybe(m.close));
    }

    private String call(GrammarWriter g, Tool t) {
        String name = GrammarWriter.literal(text(m.nameOpen) + t.name() + text(m.nameClose));
        return name + " " + NL + " " + arguments(g, t) + " " + NL + " " + (m.callClose == null ? "" : g.mark(m.callClose) + " ");
    }

    private String arguments(GrammarWriter g, Tool t) {
        return g.once("xml " + t.name(), () -> PropertySchema.arguments(g, t, NL, name -> argument(g, t, name)));
    }

    private String argument(GrammarWriter g, Tool t, String key) {
        String line = m.ownLines ? "\\n" : "";
        String end = (m.ownLines ? "\n" : "") + m.valueClose;
        String begin = GrammarWriter.literal(m.keyOpen + key + m.keyClose)
                + (m.valueOpen == null ? "" : " " + NL + " " + GrammarWriter.literal(m.valueOpen))
                + (line.isEmpty() ? "" : " \"" + line + "\"") + " ";
        if (!ArgumentValues.isText(t, key)) {
            return begin + PropertySchema.json(t, key) + " " + GrammarWriter.literal(end);
        }
        String choices = PropertySchema.choices(t, key);
        return choices != null
                ? begin + choices + " " + GrammarWriter.literal(end) + " " + NL
                : begin + FreeText.until(g, end, "\"\"");
    }

    private static String text(@Nullable String mark) {
        return mark == null ? "" : mark;
    }

    private String after(GrammarWriter g, String call, boolean parallel) {
        String inner = NL + " " + call + (m.several ? more(NL, call, parallel) : "") + " " + NL + " " + g.mark(m.close);
        return m.several ? inner : inner + more(NL + " " + g.mark(m.open), inner, parallel) + " " + NL;
    }

    @Override
    List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String call = g.anyOf(tools, t -> call(g, t));
        List<Trigger> out = new ArrayList<>();
        out.add(new Trigger(m.open, false, after(g, call, parallel)));
        if (m.nameOpen != null) {
            String rest = g.anyOf(tools, t -> GrammarWriter.literal(t.name() + text(m.nameClose)) + " " + NL + " "
                    + arguments(g, t) + " " + NL + " " + (m.callClose == null ? "" : g.mark(m.callClose) + " "));
            out.add(new Trigger(m.nameOpen, false, rest + " (" + NL + " " + g.mark(m.close) + ")?"));
        }
        return out;
    }

    @Override
    String calls(GrammarWriter g, List<Tool> tools, boolean parallel) {
        return g.mark(m.open) + " " + after(g, g.anyOf(tools, t -> call(g, t)), parallel);
    }

    @Override
    String write(List<ToolCall> calls) {
        List<String> texts = new ArrayList<>();
        String line = m.ownLines ? "\n" : "";
        for (ToolCall c : calls) {
            StringBuilder out = new StringBuilder(text(m.nameOpen)).append(c.name()).append(text(m.nameClose)).append('\n');
            c.arguments().forEach((key, value) -> out.append(m.keyOpen).append(key).append(m.keyClose)
                    .append(m.valueOpen == null ? "" : "\n" + m.valueOpen).append(line)
                    .append(value instanceof String s ? s : JsonText.of(value)).append(line)
                    .append(m.valueClose).append('\n'));
            texts.add(out.append(m.callClose == null ? "" : m.callClose + "\n").toString());
        }
        return m.several
                ? m.open + "\n" + String.join("", texts) + m.close
                : texts.stream().map(t -> m.open + (m.nameOpen == null ? "" : "\n") + t + m.close)
                        .collect(Collectors.joining("\n"));
    }

    @Override
    List<String> marks() {
        List<String> marks = new ArrayList<>(List.of(m.open, m.close));
        for (String mark : new @Nullable String[]{m.valueOpen, m.valueClose, m.callClose}) {
            if (mark != null) {
                marks.add(mark);
            }
        }
        marks.add(m.keyOpen);
        marks.add(m.keyClose);
        return marks;
    }
}
