package ai.realm.runtime.session;

/** Opens embedding sessions; the only way to an encoder. Thread-safe. */
@FunctionalInterface
public interface Embedder {
    /**
     * Tokenizes, checks against the encoder's length and queues.
     *
     * @throws ai.realm.core.error.RealmException INVALID_REQUEST (a model that generates text, an id outside the vocabulary),
     *         EMPTY_PROMPT, CONTEXT_LENGTH_EXCEEDED, NO_TOKENIZER, OVERLOADED (the queue is full), DRAINING, CANCELLED,
     *         DEADLINE_EXCEEDED
     */
    EmbeddingSession open(EmbedCommand command);
}
