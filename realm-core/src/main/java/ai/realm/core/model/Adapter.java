package ai.realm.core.model;

import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.RowKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A LoRA adapter for one loaded model: for some of its linear maps two narrow matrices whose product is added to the map's. Immutable
 * and shared by all sequences that use it; its memory, outside of the heap, is given back when nothing refers to it any more.
 */
public final class Adapter {
    private final Object model;
    private final @Nullable Delta[] deltas;
    private final int rank;
    private final long bytes;

    /** @param deltas what is added to each of the model's maps, null for those that stay as they are */
    Adapter(Object model, @Nullable Delta[] deltas, int rank, long bytes) {
        this.model = model;
        this.deltas = deltas;
        this.rank = rank;
        this.bytes = bytes;
    }

    /**
     * One with random numbers, too small to change much, for all maps of a model: to measure what adapters cost.
     *
     * @param model a decoder
     */
    public static Adapter random(Model model, int rank, long seed) {
        if (!(model instanceof TransformerModel decoder)) {
            throw new IllegalArgumentException("only models of this package have adapters");
        }
        SplittableRandom random = new SplittableRandom(seed);
        List<AdapterSite> sites = decoder.sites();
        int panels = LowRankPanel.count(rank);
        LowRankPanel kind = decoder.adapterKind();
        long bytes = sites.stream().mapToLong(s -> panels * (kind.bytes(s.in()) + kind.bytes(s.rows()))).sum();
        MemorySegment memory = Arena.ofAuto().allocate(bytes, LowRankPanel.HEADER);
        for (long at = 0; at + 2 <= bytes; at += 2) {
            // 0.5 to 1 in fp16, and no special number in 8 bits.
            memory.set(ValueLayout.JAVA_SHORT, at, (short) (0x3800 | random.nextInt(0x400)));
        }
        Delta[] deltas = new Delta[sites.size()];
        long at = 0;
        for (AdapterSite s : sites) {
            int cols = s.transposed() ? s.rows() : s.in();
            int rows = s.transposed() ? s.in() : s.rows();
            for (int r = 0; r < panels * LowRankPanel.ROWS; r++) {
                LowRankPanel.factor(memory, at + r / LowRankPanel.ROWS * kind.bytes(cols), r % LowRankPanel.ROWS,
                        r < rank ? 1e-6f : 0);
            }
            long up = at + panels * kind.bytes(cols);
            deltas[s.map()] = new Delta(kind, memory, panels, at, cols, up, rows);
            at = up + panels * kind.bytes(rows);
        }
        return new Adapter(model, deltas, rank, bytes);
    }

    /** The widest rank of its matrices. */
    public int rank() {
        return rank;
    }

    /** Bytes of memory held. */
    public long bytes() {
        return bytes;
    }

    boolean isFor(Object other) {
        return model == other;
    }

    /** What is added to a map, by its number in the model; null for nothing. */
    @Nullable
    Delta delta(int map) {
        return map < 0 ? null : deltas[map];
    }

    /**
     * One use of an adapter.
     *
     * @param scale how strongly it counts: 1 as it was trained, 0 not at all
     */
    public record Use(Adapter adapter, float scale) {
        public Use {
            if (!Float.isFinite(scale)) {
                throw new IllegalArgumentException("an adapter's scale must be a number, not " + scale);
            }
        }
    }

    /**
     * What is added to the outputs of one map: {@code sum_r factor[r] * (down_r · x) * up_r}. The rows lie in {@link LowRankPanel}s, each
     * brought near 1 by a power of two that its factor takes back.
     *
     * @param kind how their numbers lie
     * @param panels of each of the two matrices, one after the other
     * @param downAt byte of the first panel of {@code cols} columns
     * @param upAt byte of the first panel of {@code rows} columns
     */
    record Delta(LowRankPanel kind, MemorySegment memory, int panels, long downAt, int cols, long upAt, int rows) {

        /** Adds it to one row of products. */
        void add(RowKernels kernels, float scale, float[] x, int xOffset, float[] y, int yOffset) {
            for (int p = 0; p < panels; p++) {
                kernels.addLowRank(y, yOffset, rows, scale, kind, memory, downAt + p * kind.bytes(cols),
                        upAt + p * kind.bytes(rows), x, xOffset, cols);
            }
        }
    }
}
