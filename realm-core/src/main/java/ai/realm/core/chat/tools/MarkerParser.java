package ai.realm.core.chat.tools;

import ai.realm.core.chat.tools.CallSyntax.Start;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads answers in which marks begin and end calls and reasoning. */
final class MarkerParser extends AnswerParser {
    private final @Nullable String reasoningOpen;
    private final @Nullable String reasoningClose;
    private final boolean showReasoning;
    private final boolean calls;
    private final List<Start> starts;
    private final List<String> dropped;
    private final List<Op> program;
    private final CallSink sink;

    /** The beginning of a mark, or of what could be one. */
    private final StringBuilder pending = new StringBuilder();
    /** White space that is dropped before a call and at the edges of reasoning. */
    private final StringBuilder space = new StringBuilder();
    /** The text of a call so far, as content if it breaks. */
    private final StringBuilder raw = new StringBuilder();
    private boolean inReasoning;
    private boolean dropSpace;
    private boolean begun;
    private int at = -1;
    private int endedBefore;
    private boolean sectionHasCall;

    MarkerParser(MarkedFormat format, ParserOptions options) {
        reasoningOpen = format.reasoningOpen();
        reasoningClose = format.reasoningClose();
        showReasoning = options.reasoningInContent();
        calls = options.calls();
        starts = calls ? format.syntax().starts(options.tools()) : List.of();
        dropped = format.dropped();
        program = format.syntax().program();
        sink = new CallSink(out, options.toolsByName(), options.hold());
        inReasoning = options.startsInReasoning() && reasoningClose != null;
        dropSpace = inReasoning && !showReasoning;
        readAgain(options.promptTail());
        drain();
    }

    @Override
    void read(char c) {
        if (at >= 0) {
            call(c);
        } else if (pending.isEmpty() && !beginsMark(c)) {
            plain(c);
        } else {
            pending.append(c);
            mark();
        }
    }

    private boolean beginsMark(char c) {
        for (String m : marks()) {
            if (m.charAt(0) == c) {
                return true;
            }
        }
        return false;
    }

    private List<String> marks = List.of();
    private int marksFor = -1;

    /** What is looked for where the answer stands. */
    private List<String> marks() {
        int now = inReasoning ? 0 : begun ? 1 : 2;
        if (now == marksFor) {
            return marks;
        }
        List<String> all = new ArrayList<>();
        if (inReasoning) {
            all.add(java.util.Objects.requireNonNull(reasoningClose));
        } else {
            for (Start s : starts) {
                if (!s.first() || !begun) {
                    all.add(s.mark());
                }
            }
            if (reasoningOpen != null && !begun) {
                all.add(reasoningOpen);
            }
            all.addAll(dropped);
        }
        marksFor = now;
        marks = all;
        return all;
    }

    private void mark() {
        for (String m : marks()) {
            if (m.contentEquals(pending)) {
                pending.setLength(0);
                found(m);
                return;
            }
        }
        for (String m : marks()) {
            if (m.length() > pending.length() && m.startsWith(pending.toString())) {
                return;
            }
        }
        char first = pending.charAt(0);
        CharSequence rest = pending.subSequence(1, pending.length());
        pending.setLength(0);
        plain(first);
        readAgain(rest);
    }

    private void found(String m) {
        if (inReasoning) {
            closeReasoning(m);
        } else if (m.equals(reasoningOpen)) {
            if (showReasoning) {
                text(m);
            } else {
                space.setLength(0);
                dropSpace = true;
            }
            inReasoning = true;
        } else if (!dropped.contains(m)) {
            for (Start s : starts) {
                if (s.mark().equals(m)) {
                    openCall(s);
                    return;
                }
            }
        }
    }

    private void closeReasoning(String m) {
        inReasoning = false;
        if (showReasoning) {
            text(m);
            begun = false;
        } else {
            space.setLength(0);
            dropSpace = true;
        }
    }

    private void plain(char c) {
        boolean hold = inReasoning ? !showReasoning : calls || dropSpace;
        if (JsonScanner.isSpace(c) && (hold || !begun && reasoningOpen != null)) {
            if (!dropSpace) {
                space.append(c);
            }
            return;
        }
        text(String.valueOf(c));
    }

    private void text(String more) {
        dropSpace = false;
        if (inReasoning && !showReasoning) {
            out.reasoning(space);
            out.reasoning(more);
        } else {
            out.content(space);
            out.content(more);
            begun = true;
        }
        space.setLength(0);
    }

    private void openCall(Start s) {
        raw.setLength(0);
        raw.append(space);
        space.setLength(0);
        endedBefore = sink.ended();
        sectionHasCall = false;
        go(s.step());
        if (s.readAgain()) {
            readAgain(s.mark());
        } else {
            raw.append(s.mark());
        }
    }

    private void call(char c) {
        Op op = program.get(at);
        if (!sink.begun()) {
            raw.append(c);
        }
        int next = op.feed(c, sink);
        if (next == Op.MORE) {
            return;
        }
        if (next == Op.FAIL) {
            broken(c);
            return;
        }
        CharSequence rest = op.leftOver();
        raw.setLength(Math.max(0, raw.length() - rest.length()));
        readAgain(rest.toString());
        go(next == Op.NEXT ? at + 1 : next);
    }

    /** Goes to a step, through those that need no character. */
    private void go(int to) {
        noteEnd();
        int step = to;
        while (step < program.size()) {
            int next = Ops.immediate(program.get(step), sink);
            if (next == Op.MORE) {
                break;
            }
            noteEnd();
            step = next == Op.NEXT ? step + 1 : next;
        }
        if (step < program.size()) {
            at = step;
            program.get(step).reset();
            return;
        }
        at = -1;
        // after calls, and where nothing but marks came
        dropSpace = true;
        begun = true;
    }

    private void noteEnd() {
        if (sink.ended() > endedBefore) {
            raw.setLength(0);
            endedBefore = sink.ended();
            sectionHasCall = true;
        }
    }

    private void broken(char c) {
        boolean shown = sink.breakOff();
        at = -1;
        if (shown) {
            raw.setLength(0);
        } else {
            raw.setLength(Math.max(0, raw.length() - 1));
        }
        if (raw.isEmpty() && !shown) {
            // a start that was left for the program: its first character begins nothing
            text(String.valueOf(c));
            return;
        }
        if (!raw.isEmpty()) {
            text(raw.toString());
            raw.setLength(0);
        }
        begun = true;
        readAgain(String.valueOf(c));
    }

    @Override
    void end() {
        if (at >= 0) {
            Op op = program.get(at);
            if (op.finish(sink)) {
                sink.end();
                raw.setLength(0);
            }
            boolean closing = op.mayEnd() && sectionHasCall && !sink.isNamed();
            boolean shown = sink.breakOff();
            at = -1;
            if (!shown && !closing && !raw.isEmpty()) {
                text(raw.toString());
            }
        }
        if (!pending.isEmpty()) {
            String rest = pending.toString();
            pending.setLength(0);
            for (int i = 0; i < rest.length(); i++) {
                plain(rest.charAt(i));
            }
        }
        if (!inReasoning || showReasoning) {
            out.content(space);
        }
        space.setLength(0);
    }
}
