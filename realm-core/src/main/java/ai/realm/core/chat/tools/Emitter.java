package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers events, text of one kind in one event. */
final class Emitter {
    private enum Kind {
        NONE,
        CONTENT,
        REASONING,
        ARGUMENTS
    }

    private final StringBuilder text = new StringBuilder();
    private List<AnswerEvent> events = new ArrayList<>();
    private Kind kind = Kind.NONE;
    private int call;

    void content(CharSequence more) {
        append(Kind.CONTENT, more);
    }

    void reasoning(CharSequence more) {
        append(Kind.REASONING, more);
    }

    void begin(int index, String name, @Nullable String id) {
        close();
        call = index;
        events.add(new AnswerEvent.CallBegin(index, name, id));
    }

    void arguments(CharSequence more) {
        append(Kind.ARGUMENTS, more);
    }

    void end(int index) {
        close();
        events.add(new AnswerEvent.CallEnd(index));
    }

    private void append(Kind wanted, CharSequence more) {
        if (more.isEmpty()) {
            return;
        }
        if (kind != wanted) {
            close();
            kind = wanted;
        }
        text.append(more);
    }

    private void close() {
        String s = text.toString();
        switch (kind) {
            case CONTENT -> events.add(new AnswerEvent.Content(s));
            case REASONING -> events.add(new AnswerEvent.Reasoning(s));
            case ARGUMENTS -> events.add(new AnswerEvent.CallArguments(call, s));
            case NONE -> {
            }
        }
        text.setLength(0);
        kind = Kind.NONE;
    }

    /** What came since the last time. Half of a surrogate pair at the end waits for its other half. */
    List<AnswerEvent> take(boolean last) {
        char half = 0;
        if (!last && !text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1))) {
            half = text.charAt(text.length() - 1);
            text.setLength(text.length() - 1);
        }
        Kind was = kind;
        if (text.isEmpty()) {
            kind = Kind.NONE;
        }
        close();
        if (half != 0) {
            kind = was;
            text.append(half);
        }
        List<AnswerEvent> taken = events;
        events = new ArrayList<>();
        return taken;
    }
}
