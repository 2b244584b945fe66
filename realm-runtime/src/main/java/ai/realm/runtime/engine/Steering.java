package ai.realm.runtime.engine;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Choice;
import ai.realm.runtime.scheduler.Sequence;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * What those who steer sequences from outside ask of the loop, and how many such sequences there are. Of each sequence one thing at a
 * time, so what is here is bounded as they are. Thread-safe.
 */
final class Steering {
    private final Admission admission;
    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final Runnable onAsked;

    /** What is asked of one sequence. */
    sealed interface Asked {
        Sequence sequence();
    }

    /** The choice that the sequence waits for. */
    record Decided(Sequence sequence, Choice choice) implements Asked {}

    /** To choose by the logits that its chooser kept when nobody let it go on. */
    @SuppressWarnings("ArrayRecordComponent")
    record Kept(Sequence sequence, float[] row) implements Asked {}

    /**
     * Other tokens, and to go on.
     *
     * @param keep how many of its first tokens stay
     * @param more tokens that follow them
     * @param firstRow position from which the logits are wanted
     * @param before run by the loop when it is about to be done
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Changed(Sequence sequence, int keep, int[] more, int firstRow, Runnable before) implements Asked {}

    /**
     * @param most sequences at once
     * @param onAsked called after something was asked
     */
    Steering(int most, Runnable onAsked) {
        this.admission = new Admission(most, "sequences that guests steer");
        this.onAsked = onAsked;
    }

    /** Takes a place for one, or throws OVERLOADED. */
    void enter(String tenant) {
        admission.enter(tenant, 1);
    }

    void leave(String tenant) {
        admission.leave(tenant);
    }

    /** Throws INVALID_REQUEST while the last thing that was asked of the sequence is not done. */
    void ask(Asked what) {
        if (!what.sequence().ask()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "the sequence was asked for something else, which is not done yet");
        }
        asked.add(what);
        onAsked.run();
    }

    /** The next thing that is asked for, or null. The loop's. */
    @Nullable
    Asked poll() {
        Asked next = asked.poll();
        if (next != null) {
            next.sequence().answered();
        }
        return next;
    }

    /** Throws INVALID_REQUEST for tokens that nobody may decide. */
    static void check(int[] tokens, int vocabSize, int room) {
        for (int token : tokens) {
            if (token < 0 || token >= vocabSize) {
                throw RealmException.badParam("tokens", "a token must be an id below " + vocabSize + ", not " + token);
            }
        }
        if (tokens.length > room) {
            throw RealmException.badParam("tokens",
                    "an answer must have at most the " + room + " tokens that the output has room for, not " + tokens.length);
        }
    }
}
