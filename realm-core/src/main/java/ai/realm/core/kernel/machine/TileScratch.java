package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.machine.AmxTileCode.Call;
import ai.realm.core.kernel.machine.MachineCode.Tiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/** What one thread needs to multiply with tiles: a group of rows unpacked, and what a call is told. Freed with its thread. */
final class TileScratch {
    private static final ThreadLocal<TileScratch> OF_THREAD = ThreadLocal.withInitial(TileScratch::new);
    /** For fewer tokens unpacking a group takes longer than its products gain. */
    static final int LEAST = 48;

    /** So few tokens beyond whole chunks are not worth a chunk that repeats others. */
    private static final int FEW = 6;

    private final MemorySegment call = Arena.ofAuto().allocate(Call.BYTES, 64);
    private MemorySegment panel = MemorySegment.NULL;
    private @Nullable WeightLayout configured;

    private TileScratch() {
    }

    /** Made ready for a matrix. */
    static TileScratch get(MachineMatrix m) {
        TileScratch scratch = OF_THREAD.get();
        scratch.prepare(m);
        return scratch;
    }

    private void prepare(MachineMatrix m) {
        if (configured != m.layout) {
            AmxTileCode.configure(m.layout, call);
            configured = m.layout;
        }
        long bytes = (long) m.blocks * PanelCode.BLOCK_BYTES;
        if (panel.byteSize() < bytes) {
            panel = Arena.ofAuto().allocate(bytes, 64);
        }
        Call.PANEL.set(call, panel.address());
        Call.BLOCKS.set(call, m.blocks);
    }

    /**
     * Multiplies a group of rows with tokens, as many as make chunks, and returns the first that is left.
     *
     * @param at bytes to the first token's outputs of the first row
     */
    int multiply(MachineMatrix m, Tiles tiles, long weights, int rows, long records, long toFine, long rowBytes, int from, int to,
            MemorySegment out, long at, long outStride) {
        MachineCode.outside(tiles.unpack(), panel.address(), weights, m.blocks, 0, 0, 0);
        Call.WEIGHTS.set(call, weights);
        Call.ROWS.set(call, (1L << rows) - 1);
        Call.RECORD_STRIDE.set(call, rowBytes);
        Call.OUT_STRIDE.set(call, outStride);
        int most = Math.max(1, AmxTileCode.MOST / m.blocks);
        int whole = (to - from) / AmxTileCode.TOKENS;
        for (int done = 0; done < whole; done += most) {
            int first = from + done * AmxTileCode.TOKENS;
            chunks(m, tiles, Math.min(most, whole - done), records + first * rowBytes, toFine, out,
                    at + (first - from) * outStride);
        }
        int left = to - from - whole * AmxTileCode.TOKENS;
        if (left >= FEW) {
            int first = to - AmxTileCode.TOKENS;
            chunks(m, tiles, 1, records + first * rowBytes, toFine, out, at + (first - from) * outStride);
            left = 0;
        }
        Reference.reachabilityFence(this);
        return to - left;
    }

    private void chunks(MachineMatrix m, Tiles tiles, int chunks, long records, long toFine, MemorySegment out, long at) {
        Call.CHUNKS.set(call, chunks);
        Call.RECORDS.set(call, records);
        MachineCode.fromRow(tiles.product(), out, at, call.address(), 0, 0, 0);
        if (m.fine) {
            Call.RECORDS.set(call, records + toFine);
            MachineCode.fromRow(tiles.productAdd(), out, at, call.address(), 0, 0, 0);
        }
    }
}
