package ai.realm.core.model;

import ai.realm.core.kernel.KvType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * The keys and values of the texts of one encoder pass, in short blocks one text after the other. An encoder needs them only
 * within a layer, so all layers use the same memory.
 */
final class EncoderKv implements KvView {
    private static final int BLOCK = 16;

    private final int[] firstBlock;
    private final long keyBytes;
    private final long valueBytes;
    private final long blockBytes;
    private final MemorySegment memory;
    private int texts;
    private int blocks;

    /**
     * @param mixers of the layers, the largest of which decides
     * @param tokens tokens of a pass at most, of {@code maxTexts} texts at most
     */
    EncoderKv(List<Mixer> mixers, int tokens, int maxTexts, Arena arena) {
        this.firstBlock = new int[maxTexts];
        this.keyBytes = (long) BLOCK * KvType.F32.rowBytes(most(mixers, Mixer::keyDim));
        this.valueBytes = (long) BLOCK * KvType.F32.rowBytes(most(mixers, Mixer::valueDim));
        this.blockBytes = most(mixers, Mixer::kvHeads) * (keyBytes + valueBytes);
        this.memory = arena.allocate(blockBytes * (Math.ceilDiv(tokens, BLOCK) + maxTexts), 64);
    }

    private static int most(List<Mixer> mixers, ToIntFunction<Mixer> of) {
        return mixers.stream().mapToInt(of).max().orElseThrow();
    }

    void clear() {
        texts = 0;
        blocks = 0;
    }

    /** Makes room for a text; its index as a sequence is the number of texts before it. */
    void add(int tokens) {
        firstBlock[texts++] = blocks;
        blocks += Math.ceilDiv(tokens, BLOCK);
    }

    @Override
    public KvType type() {
        return KvType.F32;
    }

    @Override
    public int blockPositions() {
        return BLOCK;
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public int block(int sequence, int index) {
        return firstBlock[sequence] + index;
    }

    @Override
    public long keys(int block, int layer, int head) {
        return block * blockBytes + head * (keyBytes + valueBytes);
    }

    @Override
    public long values(int block, int layer, int head) {
        return keys(block, layer, head) + keyBytes;
    }

    @Override
    public MemorySegment states() {
        return MemorySegment.NULL;
    }

    @Override
    public long state(int sequence, int layer) {
        throw new UnsupportedOperationException("an encoder keeps no state");
    }
}
