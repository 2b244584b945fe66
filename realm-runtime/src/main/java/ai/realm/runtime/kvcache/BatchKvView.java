package ai.realm.runtime.kvcache;

import ai.realm.core.kernel.KvType;
import ai.realm.core.model.KvView;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The KV memory as one step's forward pass sees it: its sequences, numbered from 0 in the order of {@link #add}. */
public final class BatchKvView implements KvView {
    private static final float[][] NO_STATE = new float[0][];

    private final KvLayout layout;
    private final MemorySegment memory;
    private BlockTable[] tables = new BlockTable[16];
    private float[][][] states = new float[16][][];
    private int count;

    public BatchKvView(KvMemory memory) {
        this.layout = memory.layout();
        this.memory = memory.segment();
    }

    public void clear() {
        Arrays.fill(tables, 0, count, null);
        Arrays.fill(states, 0, count, null);
        count = 0;
    }

    /**
     * The number of the sequence in this step.
     *
     * @param state its recurrent state by layer; empty for a model that has none
     */
    public int add(BlockTable table, float[][] state) {
        if (count == tables.length) {
            tables = Arrays.copyOf(tables, count * 2);
            states = Arrays.copyOf(states, count * 2);
        }
        tables[count] = table;
        states[count] = state;
        return count++;
    }

    /** Zeroed recurrent state of a new sequence. */
    public float[][] newState() {
        if (!layout.shape().hasState()) {
            return NO_STATE;
        }
        int[] floats = layout.shape().stateFloats();
        float[][] state = new float[floats.length][];
        for (int l = 0; l < floats.length; l++) {
            state[l] = new float[floats[l]];
        }
        return state;
    }

    @Override
    public KvType type() {
        return layout.type();
    }

    @Override
    public int blockPositions() {
        return layout.blockPositions();
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public int block(int sequence, int index) {
        return tables[sequence].block(index);
    }

    @Override
    public long keys(int block, int layer, int head) {
        return layout.keys(block, layer, head);
    }

    @Override
    public long values(int block, int layer, int head) {
        return layout.values(block, layer, head);
    }

    @Override
    public float[] state(int sequence, int layer) {
        return states[sequence][layer];
    }
}
