package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import java.util.List;

/** Where the choices of an answer go while they grow. Thread-safe: choices may grow side by side. */
public interface Answer {
    /** The next text of choice {@code index}. */
    void piece(int index, String text);

    /**
     * The next parts of choice {@code index} where the answer is read: chats with tools, and models that reason. Together they are
     * the same however the text was cut.
     */
    default void events(int index, List<AnswerEvent> events) {
        for (AnswerEvent e : events) {
            if (e instanceof AnswerEvent.Content c) {
                piece(index, c.text());
            }
        }
    }

    /**
     * Log-probabilities of further tokens of choice {@code index}, in order; their text comes with its next piece, or came with those
     * before. Text that a guest wrote has none.
     */
    default void logProbs(int index, List<TokenLogProbs> tokens) {
    }

    /** What the model makes of the prompt of choice {@code index}, all tokens but the first; before its first piece, if at all. */
    default void promptLogProbs(int index, List<TokenLogProbs> tokens) {
    }

    /** A guest tells of something beside the answer; {@code json} may be no JSON at all. */
    default void notice(String name, String json) {
    }

    /** Choice {@code index} is complete. */
    void end(int index, FinishReason reason);

    /** All choices are complete and accounted for; nothing may fail afterwards but the client's connection. */
    void finish(Usage usage);

    /** Whether a part was sent already, so that an error must be sent after it. */
    boolean committed();

    /** Tells of an error after the answer was committed. */
    void fail(RealmException error);
}
