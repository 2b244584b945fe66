package ai.realm.runtime.session;

/** The embeddings of one request under way. One thread waits for them; closing it before its end cancels it. */
public interface EmbeddingSession extends AutoCloseable {
    /**
     * A vector of length 1 for each input (of a reranker, one number: the logarithm of the odds that its two texts fit), in their order; waits until the request is cancelled or its deadline passes.
     *
     * @throws ai.realm.core.error.RealmException why there are none
     * @throws InterruptedException when the waiting thread is interrupted; the session is then cancelled
     */
    float[][] vectors() throws InterruptedException;

    /** Tokens of the inputs that were computed so far; of all of them at the end. */
    Usage usage();

    @Override
    void close();
}
