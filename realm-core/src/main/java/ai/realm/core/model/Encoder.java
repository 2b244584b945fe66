package ai.realm.core.model;

/**
 * A loaded encoder: turns texts, given as tokens, into vectors of length 1 whose dot product tells how alike the texts are. A
 * reranker judges texts of two parts instead. One call at a time; the configuration can be read by any thread. Closing gives the
 * weights back.
 */
public interface Encoder extends AutoCloseable {
    ModelConfig config();

    /** Tokens of one text at most, the special ones included. */
    int maxTokens();

    /**
     * Whether it is a reranker: {@link #embed} gives one number for each text, the logarithm of the odds that the text's two parts fit.
     */
    boolean ranks();

    /**
     * One vector of {@code config().embeddingLength()} numbers for each text; of a reranker one number.
     *
     * @param texts token ids with the special tokens that the vocabulary asks for, 1 to {@link #maxTokens} each
     */
    float[][] embed(int[][] texts);

    /** Bytes of weights held, mapped or owned. */
    long weightBytes();

    @Override
    void close();
}
