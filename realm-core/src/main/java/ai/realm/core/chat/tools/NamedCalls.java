package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Calls that are a name and a JSON object between marks: {@code OPEN prefix name SEPARATOR {…} CLOSE}, alone or in a section. */
final class NamedCalls extends CallSyntax {
    private static final String NL = GrammarWriter.LINES;

    private final @Nullable String sectionOpen;
    private final @Nullable String sectionClose;
    private final String open;
    private final @Nullable String kind;
    private final String prefix;
    private final @Nullable String separator;
    private final @Nullable String fence;
    private final @Nullable String fenceEnd;
    private final @Nullable String close;
    private final boolean numbered;
    private final @Nullable String idMark;

    private NamedCalls(Builder b) {
        sectionOpen = b.sectionOpen;
        sectionClose = b.sectionClose;
        open = b.open;
        kind = b.kind;
        prefix = b.prefix;
        separator = b.separator;
        fence = b.fence;
        fenceEnd = b.fenceEnd;
        close = b.close;
        numbered = b.numbered;
        idMark = b.idMark;
    }

    static Builder open(String mark) {
        return new Builder(mark);
    }

    /** The parts that a format has. */
    static final class Builder {
        private final String open;
        private @Nullable String sectionOpen;
        private @Nullable String sectionClose;
        private @Nullable String kind;
        private String prefix = "";
        private @Nullable String separator;
        private @Nullable String fence;
        private @Nullable String fenceEnd;
        private @Nullable String close;
        private boolean numbered;
        private @Nullable String idMark;

        private Builder(String open) {
            this.open = open;
        }

        Builder section(String first, String last) {
            sectionOpen = first;
            sectionClose = last;
            return this;
        }

        /** What stands before the name, with its separator: {@code function<sep>}. */
        Builder kind(String text) {
            kind = text;
            return this;
        }

        /** @param suffix whether the name ends with a colon and the call's number */
        Builder name(String before, boolean suffix) {
            prefix = before;
            numbered = suffix;
            return this;
        }

        /** A mark after the name with the call's id, which may be there. */
        Builder id(String mark) {
            idMark = mark;
            return this;
        }

        Builder separator(String text) {
            separator = text;
            return this;
        }

        Builder fence(String before, String after) {
            fence = before;
            fenceEnd = after;
            return this;
        }

        Builder close(String text) {
            close = text;
            return this;
        }

        NamedCalls build() {
            return new NamedCalls(this);
        }
    }

    @Override
    List<Start> starts(@Nullable List<Tool> tools) {
        List<Start> starts = new ArrayList<>();
        if (sectionOpen != null) {
            starts.add(new Start(sectionOpen, 0, false, false));
        }
        starts.add(new Start(open, 1, false, false));
        return starts;
    }

    @Override
    List<Op> program() {
        UnaryOperator<String> clean = name -> {
            String bare = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
            int colon = numbered ? bare.lastIndexOf(':') : -1;
            return colon < 0 ? bare : bare.substring(0, colon);
        };
        List<Op> program = new ArrayList<>();
        program.add(Ops.literal(open));
        add(program, kind);
        program.add(Ops.name(clean));
        if (idMark != null) {
            program.add(Ops.id(idMark));
        }
        if (separator != null) {
            program.add(Ops.literal(separator));
        }
        add(program, fence);
        program.add(Ops.arguments());
        add(program, fenceEnd);
        program.add(Ops.end());
        add(program, close);
        program.add(Ops.ifNext(open, 1));
        add(program, sectionClose);
        return program;
    }

    private static void add(List<Op> program, @Nullable String mark) {
        if (mark != null) {
            program.add(Ops.maybe(mark));
        }
    }

    private static String mark(GrammarWriter g, @Nullable String mark) {
        return mark == null ? "" : g.mark(mark) + " ";
    }

    private String call(GrammarWriter g, Tool t) {
        String before = mark(g, kind) + GrammarWriter.literal(prefix + t.name()) + (numbered ? " \":\" [0-9]{1,3}" : "") + " ";
        String around = fence == null ? "" : "\"\\n\" " + mark(g, fence) + "\"\\n\" ";
        String after = fenceEnd == null ? "" : " \"\\n\" " + mark(g, fenceEnd);
        String lines = separator == null && fence == null && !prefix.isEmpty() ? "\"\\n\"? " : "";
        return before + mark(g, separator) + around + lines + g.arguments(t) + after + " " + mark(g, close);
    }

    private String calls(GrammarWriter g, String call, boolean parallel) {
        return call + more(NL + " " + g.mark(open), call, parallel);
    }

    private String closing(GrammarWriter g) {
        return sectionClose == null ? "" : " " + NL + " " + g.mark(sectionClose);
    }

    @Override
    List<Trigger> triggers(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String calls = calls(g, g.anyOf(tools, t -> call(g, t)), parallel);
        List<Trigger> out = new ArrayList<>();
        if (sectionOpen != null) {
            out.add(new Trigger(sectionOpen, false, NL + " " + g.mark(open) + " " + calls + closing(g)));
            out.add(new Trigger(open, false, calls + (sectionClose == null ? "" : " (" + closing(g) + ")?")));
        } else {
            out.add(new Trigger(open, false, calls));
        }
        return out;
    }

    @Override
    String calls(GrammarWriter g, List<Tool> tools, boolean parallel) {
        String calls = calls(g, g.anyOf(tools, t -> call(g, t)), parallel);
        return mark(g, sectionOpen) + g.mark(open) + " " + calls + closing(g);
    }

    @Override
    String write(List<ToolCall> calls) {
        StringBuilder out = new StringBuilder(text(sectionOpen));
        for (int i = 0; i < calls.size(); i++) {
            ToolCall c = calls.get(i);
            out.append(i > 0 && sectionOpen == null ? "\n" : "").append(open).append(text(kind)).append(prefix).append(c.name());
            out.append(numbered ? ":" + i : "").append(text(separator));
            out.append(fence == null ? "" : "\n" + fence + "\n").append(c.json());
            out.append(fenceEnd == null ? "" : "\n" + fenceEnd).append(text(close));
        }
        return out.append(text(sectionClose)).toString();
    }

    private static String text(@Nullable String mark) {
        return mark == null ? "" : mark;
    }

    @Override
    List<String> marks() {
        List<String> marks = new ArrayList<>();
        for (String m : new @Nullable String[]{sectionOpen, sectionClose, open, idMark, separator, close}) {
            if (m != null) {
                marks.add(m);
            }
        }
        if (kind != null) {
            marks.addAll(List.of(kind.split("(?=<)")));
        }
        return marks;
    }
}
