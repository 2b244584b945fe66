package ai.realm.runtime.session;

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
}
