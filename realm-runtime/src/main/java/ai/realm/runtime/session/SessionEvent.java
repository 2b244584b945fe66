package ai.realm.runtime.session;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a session tells its reader, in order: what was asked of the prompt, pieces of text, then one end. */
public sealed interface SessionEvent {
    /**
     * Text that became certain: whole characters, never part of a stop string; not empty unless it comes with tokens.
     *
     * @param tokens those whose text this piece ends with; empty when no log-probabilities are wanted
     */
    record Piece(String text, List<TokenLogProbs> tokens) implements SessionEvent {
        public Piece {
            tokens = List.copyOf(tokens);
        }
    }

    /**
     * What the model makes of the prompt, once and before the first piece, when that is wanted.
     *
     * @param tokens each token of the prompt but the first, which nothing comes before
     */
    record Prompt(List<TokenLogProbs> tokens) implements SessionEvent {
        public Prompt {
            tokens = List.copyOf(tokens);
        }
    }

    /**
     * The end.
     *
     * @param error set for {@link FinishReason#ERROR} and {@link FinishReason#CANCELLED}
     * @param stop the stop string that the text ended at; null when something else ended it
     */
    record End(FinishReason reason, Usage usage, @Nullable RealmException error, @Nullable String stop) implements SessionEvent {
        public End(FinishReason reason, Usage usage, @Nullable RealmException error) {
            this(reason, usage, error, null);
        }
    }
}
