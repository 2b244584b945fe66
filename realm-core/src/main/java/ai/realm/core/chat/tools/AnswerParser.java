package ai.realm.core.chat.tools;

import java.util.List;

/**
 * Reads a generated answer piece by piece. The events' texts, put together, do not depend on how the text was cut. Text that only
 * looks like a call is content; no text is an error. Linear work and memory. Not thread-safe; one for each answer.
 */
public abstract class AnswerParser {
    final Emitter out = new Emitter();
    /** Characters to be read again before the next ones, the nearest last. */
    private final StringBuilder again = new StringBuilder();

    /** More of the answer's text. */
    public final List<AnswerEvent> accept(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            read(text.charAt(i));
            while (!again.isEmpty()) {
                char c = again.charAt(again.length() - 1);
                again.setLength(again.length() - 1);
                read(c);
            }
        }
        return out.take(false);
    }

    /** The answer has ended. */
    public final List<AnswerEvent> finish() {
        end();
        return out.take(true);
    }

    /** Lets these characters be read next. */
    final void readAgain(CharSequence text) {
        for (int i = text.length() - 1; i >= 0; i--) {
            again.append(text.charAt(i));
        }
    }

    /** Makes all that {@link #readAgain} has left be read; for {@link #end}. */
    final void drain() {
        while (!again.isEmpty()) {
            char c = again.charAt(again.length() - 1);
            again.setLength(again.length() - 1);
            read(c);
        }
    }

    abstract void read(char c);

    abstract void end();
}
