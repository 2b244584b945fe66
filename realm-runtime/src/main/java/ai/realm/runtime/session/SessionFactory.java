package ai.realm.runtime.session;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.runtime.store.ModelLease;
import java.util.ArrayList;
import java.util.List;

/** Opens sessions; the only way to the engine. Thread-safe. */
@FunctionalInterface
public interface SessionFactory {
    /**
     * Tokenizes, checks against the context length and queues.
     *
     * @throws ai.realm.core.error.RealmException EMPTY_PROMPT, CONTEXT_LENGTH_EXCEEDED, NO_TOKENIZER, INVALID_REQUEST (a stop token or
     *         id outside the vocabulary, a malformed grammar), OVERLOADED (the queue is full), DRAINING, CANCELLED, DEADLINE_EXCEEDED
     */
    InferenceSession open(GenerateCommand command);

    /**
     * Several answers to one prompt, which is computed once where the factory can: the command's choice and those after it. The first
     * session's usage has the prompt's tokens, the others' have none.
     *
     * @throws ai.realm.core.error.RealmException as {@link #open}; then none is open
     */
    default List<InferenceSession> openAll(GenerateCommand command, int n) {
        List<InferenceSession> all = new ArrayList<>();
        try {
            for (int i = 0; i < n; i++) {
                all.add(open(command.ofChoice(command.choice() + i)));
            }
        } catch (RuntimeException e) {
            all.forEach(InferenceSession::close);
            throw e;
        }
        return all;
    }

    /**
     * Opens a sequence that its owner steers.
     *
     * @throws RealmException NO_TOKENIZER, INVALID_REQUEST (a malformed grammar), CANCELLED, DEADLINE_EXCEEDED; NOT_PERMITTED where
     *         there are none
     */
    default TokenSequence openTokens(TokenCommand command) {
        throw new RealmException(ErrorCode.NOT_PERMITTED, "there are no sequences of tokens here");
    }

    /**
     * The grammar that parameters ask for, which the request's tenant keeps for the model.
     *
     * @throws RealmException INVALID_REQUEST when it cannot be used; NOT_PERMITTED where there are none
     */
    default Grammar grammar(RequestContext context, ModelLease model, SamplingParams params) {
        throw new RealmException(ErrorCode.NOT_PERMITTED, "there are no grammars here");
    }
}
