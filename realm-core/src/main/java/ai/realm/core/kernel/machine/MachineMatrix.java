package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.WeightLayout.ROWS;

import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.WorkerPool;
import ai.realm.core.kernel.machine.WeightLayout.Codes;
import ai.realm.core.kernel.quant.BlockCodes;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import java.util.Objects;

/** A quantized matrix in its {@link WeightLayout}, nothing rounded; the last group is filled up with rows whose scales are zero. */
final class MachineMatrix implements WeightMatrix {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    /** Changes nothing when added, not even the sign of zero. */
    private static final float NO_MIN = -0f;

    final WeightLayout layout;
    final MachineCode.Products code;
    /** Whether it is multiplied with what the rounding of activations left, too. */
    final boolean fine;
    final int rows;
    final int cols;
    /** Blocks of 32 columns. */
    final int blocks;
    private final long groupBytes;
    private final MemorySegment data;
    /** What this is multiplied into: in a model's passes always the same. */
    final HeapArrays outputs = new HeapArrays();

    private MachineMatrix(WeightLayout layout, MachineCode.Products code, boolean fine, int rows, int cols, Arena arena) {
        this.layout = layout;
        this.code = code;
        this.fine = fine;
        this.rows = rows;
        this.cols = cols;
        this.blocks = cols / 32;
        this.groupBytes = layout.groupBytes(blocks);
        this.data = arena.allocate(groupBytes * groups(), 64);
    }

    /** Rows of a group are packed by one thread. */
    static MachineMatrix pack(TensorView view, WeightLayout layout, MachineCode.Products code, boolean fine, Arena arena,
            WorkerPool pool) {
        MachineMatrix to = new MachineMatrix(layout, code, fine, Math.toIntExact(view.shape().rows()),
                Math.toIntExact(view.shape().dim(0)),
                arena);
        pool.run(to.groups(), part -> to.packGroup(view, part));
        return to;
    }

    static long bytes(WeightLayout layout, TensorView view) {
        long rows = view.shape().dim(1);
        return layout.groupBytes(Math.toIntExact(view.shape().dim(0) / 32)) * Math.ceilDiv(rows, ROWS)
                * (view.shape().rows() / rows);
    }

    private int groups() {
        return Math.ceilDiv(rows, ROWS);
    }

    /**
     * Where a group begins, for code that reads one whole group and checks nothing. The memory lives as long as the model, which whoever multiplies
     * keeps open.
     */
    long address(int group) {
        Objects.checkIndex(group, groups());
        if (!data.scope().isAlive()) {
            throw new IllegalStateException("the weights have been closed");
        }
        return data.address() + group * groupBytes;
    }

    private void packGroup(TensorView view, int group) {
        MemorySegment pack = code.pack();
        if (pack != null && view.data().isNative() && (group + 1) * ROWS <= rows && view.rowBytes() < Integer.MAX_VALUE / ROWS) {
            packWhole(pack, view, group);
        } else {
            packRows(view, group);
        }
    }

    private void packWhole(MemorySegment pack, TensorView view, int group) {
        long from = group * (long) ROWS * view.rowBytes();
        MemorySegment source = view.data().asSlice(from, ROWS * view.rowBytes());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment places = arena.allocate(4L * ROWS, 64);
            for (int r = 0; r < ROWS; r++) {
                places.setAtIndex(ValueLayout.JAVA_INT, r, (int) (r * view.rowBytes()));
            }
            for (int b = 0; b < blocks; b += PackCode.BLOCKS) {
                MachineCode.outside(pack, source.address() + (long) b * layout.type.blockBytes(),
                        address(group) + layout.blockAt(b), places.address(), Math.min(PackCode.BLOCKS, blocks - b), 0, 0);
            }
        }
        Reference.reachabilityFence(source);
    }

    private void packRows(TensorView view, int group) {
        byte[] row = new byte[Math.toIntExact(view.rowBytes())];
        byte[] to = new byte[Math.toIntExact(groupBytes)];
        BlockCodes from = new BlockCodes(layout.type);
        boolean words = BlockCodes.hasWords(layout.type);
        for (int r = 0; r < Math.min(ROWS, rows - group * ROWS); r++) {
            MemorySegment.copy(view.data(), ValueLayout.JAVA_BYTE, (group * (long) ROWS + r) * view.rowBytes(), row, 0,
                    row.length);
            for (int b = 0; b < blocks; b++) {
                int at = (int) layout.blockAt(b);
                if (words) {
                    from.readForWords(row, b);
                    words(from, to, at + 4 * r);
                } else {
                    from.read(row, b);
                    codes(from.codes, to, at + 4 * r);
                }
                scales(from, to, at + layout.codes.bytes(), (int) layout.headAt(b), r);
            }
        }
        MemorySegment.copy(to, 0, data, ValueLayout.JAVA_BYTE, group * groupBytes, to.length);
    }

    /** Codes whose order in the file is that of a group. */
    private void words(BlockCodes from, byte[] to, int at) {
        int count = layout.codes.bits;
        int zeros = layout.codes == Codes.BYTE ? 0x80808080 : 0;
        for (int i = 0; i < count; i++) {
            WORD.set(to, at + 4 * ROWS * i, from.word(i) ^ zeros);
        }
    }

    private void codes(int[] codes, byte[] to, int at) {
        for (int k = 0; k < 32; k++) {
            int code = layout.codes.of(codes[k]);
            int quad = k % 16 / 4 * 4 * ROWS + k % 4;
            switch (layout.codes) {
                case BYTE -> to[at + k / 4 * 4 * ROWS + k % 4] = (byte) code;
                case NIBBLE, THREE, LEVEL, E2M1 -> to[at + quad] |= (byte) (code << k / 16 * 4);
                case FIVE -> {
                    to[at + quad] |= (byte) ((code & 15) << k / 16 * 4);
                    to[at + 16 * ROWS + k % 4] |= (byte) (code >> 4 << k / 4);
                }
                case SIX -> {
                    to[at + quad] |= (byte) ((code & 15) << k / 16 * 4);
                    to[at + (16 + 4 * (k / 16)) * ROWS + k % 4] |= (byte) (code >> 4 << k % 16 / 4 * 2);
                }
            }
        }
    }

    private void scales(BlockCodes from, byte[] to, int at, int head, int r) {
        switch (layout.scales) {
            case HALF -> half(to, at + 2 * r, from.scale);
            case HALF_MIN -> {
                half(to, at + 2 * r, from.scale);
                half(to, at + 2 * (ROWS + r), from.min);
            }
            case SUPER_MIN -> {
                half(to, head + 2 * r, from.scale);
                half(to, head + 2 * (ROWS + r), from.min);
                to[at + r] = (byte) from.subScale;
                to[at + ROWS + r] = (byte) from.subSecond;
            }
            case SUPER_32 -> {
                half(to, head + 2 * r, from.scale);
                to[at + r] = (byte) from.subScale;
            }
            case SUPER_16 -> {
                half(to, head + 2 * r, from.scale);
                to[at + r] = (byte) from.subScale;
                to[at + ROWS + r] = (byte) from.subSecond;
            }
        }
    }

    private static void half(byte[] to, int at, short value) {
        to[at] = (byte) value;
        to[at + 1] = (byte) (value >> 8);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int cols() {
        return cols;
    }

    @Override
    public GgmlType type() {
        return layout.type;
    }

    @Override
    public long ownedBytes() {
        return data.byteSize();
    }

    @Override
    public void dequantizeRow(int row, float[] out, int outOffset) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException("row must be 0.." + (rows - 1) + ", not " + row);
        }
        long group = row / ROWS * groupBytes;
        int r = row % ROWS;
        for (int b = 0; b < blocks; b++) {
            long at = group + layout.blockAt(b);
            long scales = at + layout.codes.bytes();
            long head = group + layout.headAt(b) + 2 * r;
            int o = outOffset + 32 * b;
            switch (layout.scales) {
                case HALF -> weights(at + 4 * r, 0, 32, half(scales + 2 * r), layout.codes.zero, NO_MIN, out, o);
                case HALF_MIN -> weights(at + 4 * r, 0, 32, half(scales + 2 * r), 0, half(scales + 2 * (ROWS + r)), out, o);
                case SUPER_MIN -> weights(at + 4 * r, 0, 32, half(head) * unsigned(scales + r), 0,
                        -(half(head + 2 * ROWS) * unsigned(scales + ROWS + r)), out, o);
                case SUPER_32 -> weights(at + 4 * r, 0, 32, half(head) * data.get(ValueLayout.JAVA_BYTE, scales + r),
                        layout.codes.zero, NO_MIN, out, o);
                case SUPER_16 -> {
                    float d = half(head);
                    int zero = layout.codes.zero;
                    weights(at + 4 * r, 0, 16, d * data.get(ValueLayout.JAVA_BYTE, scales + r), zero, NO_MIN, out, o);
                    weights(at + 4 * r, 16, 32, d * data.get(ValueLayout.JAVA_BYTE, scales + ROWS + r), zero, NO_MIN, out, o);
                }
            }
        }
    }

    private void weights(long at, int from, int to, float d, int zero, float min, float[] out, int o) {
        for (int k = from; k < to; k++) {
            out[o + k] = d * (code(at, k) - zero) + min;
        }
    }

    private int code(long at, int k) {
        if (layout.codes == Codes.BYTE) {
            return unsigned(at + k / 4 * 4 * ROWS + k % 4);
        }
        int low = unsigned(at + k % 16 / 4 * 4 * ROWS + k % 4) >> k / 16 * 4 & 15;
        return switch (layout.codes) {
            case NIBBLE, THREE, LEVEL, E2M1 -> layout.codes.number(low);
            case FIVE -> low | (unsigned(at + 16 * ROWS + k % 4) >> k / 4 & 1) << 4;
            case SIX -> low | (unsigned(at + (16 + 4 * (k / 16)) * ROWS + k % 4) >> k % 16 / 4 * 2 & 3) << 4;
            case BYTE -> throw new IllegalStateException("of a byte all bits are low");
        };
    }

    private int unsigned(long at) {
        return data.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    private float half(long at) {
        return Float.float16ToFloat(data.get(SHORT, at));
    }
}
