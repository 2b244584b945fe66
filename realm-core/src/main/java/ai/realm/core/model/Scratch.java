package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.kernel.FloatRows;
import ai.realm.core.kernel.ProductKernels;
import java.util.HashMap;
import java.util.Map;

/**
 * The activation buffers of one model, shared by its layers: the same name and width give the same rows. Made while the model
 * is built, so that a forward pass allocates nothing.
 */
final class Scratch {
    /** 1 GiB; several times what the widest known models need for batches of 2048. */
    private static final long MAX_NUMBERS = 1L << 28;

    private final int maxBatch;
    private final Map<String, FloatRows> rows = new HashMap<>();
    private final Map<String, Linear.Input> inputs = new HashMap<>();

    Scratch(int maxBatch) {
        this.maxBatch = maxBatch;
    }

    int maxBatch() {
        return maxBatch;
    }

    /** Rows for {@code maxBatch} tokens. */
    FloatRows rows(String name, int cols) {
        return rows(name, maxBatch, cols);
    }

    /** Rows of another number than the batch's. */
    FloatRows rows(String name, int count, int cols) {
        return rows.computeIfAbsent(name + "/" + count + "x" + cols, key -> made(name, count, cols));
    }

    private static FloatRows made(String name, int count, int cols) {
        if ((long) count * cols > MAX_NUMBERS) {
            throw new GgufException("the activations \"" + name + "\" of " + count + " x " + cols
                    + " numbers are too many; a model and its batch may have " + MAX_NUMBERS, -1);
        }
        return new FloatRows(count, cols);
    }

    /** Such rows as one thread gives them to a {@link Linear.Stack}. */
    Linear.Input input(ProductKernels kernels, String name, int count, int cols) {
        return inputs.computeIfAbsent(name + "/" + count + "x" + cols, key -> new Linear.Input(kernels.activations(count, cols)));
    }
}
