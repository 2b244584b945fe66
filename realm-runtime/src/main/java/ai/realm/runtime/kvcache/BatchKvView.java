package ai.realm.runtime.kvcache;

import ai.realm.core.kernel.KvType;
import ai.realm.core.model.KvView;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The KV memory as one step's forward pass sees it: its sequences, numbered from 0 in the order of {@link #add}. */
public final class BatchKvView implements KvView {
    private final KvLayout layout;
    private final MemorySegment memory;
    private final MemorySegment states;
    private BlockTable[] tables = new BlockTable[16];
    private int[] slots = new int[16];
    private int count;

    public BatchKvView(KvMemory memory) {
        this.layout = memory.layout();
        this.memory = memory.segment();
        this.states = memory.states();
    }

    public void clear() {
        Arrays.fill(tables, 0, count, null);
        count = 0;
    }

    /**
     * The number of the sequence in this step.
     *
     * @param slot where its recurrent state lies; without meaning for a model that has none
     */
    public int add(BlockTable table, int slot) {
        if (count == tables.length) {
            tables = Arrays.copyOf(tables, count * 2);
            slots = Arrays.copyOf(slots, count * 2);
        }
        tables[count] = table;
        slots[count] = slot;
        return count++;
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
    public MemorySegment states() {
        return states;
    }

    @Override
    public long state(int sequence, int layer) {
        return layout.state(slots[sequence], layer);
    }
}
