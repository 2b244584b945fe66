package ai.realm.core.model;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of one step, which may belong to several sequences: tokens of the same sequence stand together, in the order of
 * their positions, without gaps. Reusable: {@link #clear}, then {@link #add}. Not thread-safe.
 */
public final class ForwardBatch {
    private final int[] tokens;
    private final int[] positions;
    private final int[] sequences;
    private final int[] outputs;
    private final Adapter.@Nullable Use[] adapters;
    private int count;
    private int outputCount;

    public ForwardBatch(int capacity) {
        tokens = new int[capacity];
        positions = new int[capacity];
        sequences = new int[capacity];
        outputs = new int[capacity];
        adapters = new Adapter.Use[capacity];
    }

    public void clear() {
        Arrays.fill(adapters, 0, count, null);
        count = 0;
        outputCount = 0;
    }

    /** A token of a sequence without an adapter. */
    public void add(int token, int position, int sequence, boolean wantsLogits) {
        add(token, position, sequence, wantsLogits, null);
    }

    /**
     * @param sequence index of the sequence as the {@link KvView} numbers it
     * @param wantsLogits whether this token's logits are needed
     * @param adapter of the sequence, or null
     */
    public void add(int token, int position, int sequence, boolean wantsLogits, Adapter.@Nullable Use adapter) {
        adapters[count] = adapter;
        tokens[count] = token;
        positions[count] = position;
        sequences[count] = sequence;
        if (wantsLogits) {
            outputs[outputCount++] = count;
        }
        count++;
    }

    public int count() {
        return count;
    }

    public int token(int i) {
        return tokens[i];
    }

    public int position(int i) {
        return positions[i];
    }

    public int sequence(int i) {
        return sequences[i];
    }

    /** The adapter of a token's sequence, or null. */
    public Adapter.@Nullable Use adapter(int i) {
        return adapters[i];
    }

    /** How many tokens want logits. */
    public int outputCount() {
        return outputCount;
    }

    /** The token that the {@code i}-th row of logits belongs to. */
    public int output(int i) {
        return outputs[i];
    }
}
