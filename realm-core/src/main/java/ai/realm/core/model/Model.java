package ai.realm.core.model;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.FloatRows;

/**
 * A loaded decoder model: weights and the forward pass of its architecture. One forward pass at a time (its scratch memory is
 * its own); the configuration can be read by any thread. Closing gives the weights back.
 */
public interface Model extends AutoCloseable {
    ModelConfig config();

    /** What the model keeps for each position and sequence. */
    KvShape kvShape();

    /** Tokens that one {@link #forward} takes at most. */
    int maxBatch();

    /**
     * Computes the logits of the batch's outputs, row i for {@code batch.output(i)}, and appends keys and values to the
     * sequences.
     *
     * @param logits at least {@code batch.outputCount()} rows of {@code config().vocabSize()} columns
     */
    void forward(ForwardBatch batch, KvView kv, FloatRows logits);

    /**
     * Passes a batch through one layer and a few rows of each of its matrices, on the caller's thread: all the code of a forward
     * pass at a small part of its cost, for the compiler's sake. What it leaves in {@code kv} and {@code logits} means nothing.
     *
     * @param layer counted from 0; taken modulo the number of layers
     */
    void warmUp(ForwardBatch batch, KvView kv, FloatRows logits, int layer);

    /**
     * Bytes that a LoRA adapter will take in memory.
     *
     * @throws ai.realm.core.gguf.GgufException as {@link #adapter}
     */
    long adapterBytes(GgufFile file);

    /**
     * Reads a LoRA adapter for this model; any thread may, beside a forward pass. The file may be closed afterwards.
     *
     * @param mostBytes of memory that it may take
     * @throws ai.realm.core.gguf.GgufException when it does not fit this model, naming the tensor, its shape and the one wanted
     */
    Adapter adapter(GgufFile file, long mostBytes);

    /** Bytes of weights held, mapped or owned. */
    long weightBytes();

    @Override
    void close();
}
