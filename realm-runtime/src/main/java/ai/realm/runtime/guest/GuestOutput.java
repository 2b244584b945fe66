package ai.realm.runtime.guest;

import ai.realm.core.sampling.TokenLogProbs;
import java.util.List;

/** Where a guest's text goes as it comes: an SSE stream, a terminal, a buffer. Called by one thread, in order. */
@FunctionalInterface
public interface GuestOutput {
    /**
     * Takes the next piece of the answer; may wait while the client is slow.
     *
     * @throws ai.realm.core.error.RealmException CANCELLED when the client has gone
     */
    void piece(String text);

    /** The guest calls a tool, which the client is to do; the arguments are JSON, as the guest gave them. */
    default void toolCall(String id, String name, String arguments) {
    }

    /** The guest tells of something beside the answer; the content is JSON, as the guest gave it. */
    default void event(String name, String json) {
    }

    /**
     * Takes the log-probabilities of tokens that the model wrote and the guest let through; their text comes with the pieces after
     * it or came with those before. Text of the guest's own has none.
     */
    default void logProbs(List<TokenLogProbs> tokens) {
    }

    /** Takes what the model makes of the prompt's tokens, all but the first; only of a prompt that the guest left as it was. */
    default void promptLogProbs(List<TokenLogProbs> tokens) {
    }

    /**
     * Told once, after the last piece and before the request's thread goes on, however the request ended: answered, failed,
     * cancelled, past a limit.
     *
     * @param guestCpuNanos processor time that the guest's thread has used, waits excluded
     */
    default void ended(long guestCpuNanos) {
    }
}
