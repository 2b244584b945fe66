package ai.realm.core.kernel.simd;

import static ai.realm.core.kernel.simd.PackedMatrix.SHORT;

import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.simd.SimdActivations.Scratch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Keys and values: stored with exact rounding, read a run of positions at a time into floats that several queries share. */
final class SimdKv {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Floats of a run, so that it stays in the first-level cache. */
    private static final int RUN = 2048;

    private SimdKv() {
    }

    static void store(float[] x, int offset, int n, KvType type, MemorySegment memory, long at) {
        switch (type) {
            case F32 -> MemorySegment.copy(x, offset, memory, FLOAT, at, n);
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    memory.set(SHORT, at + 2L * i, Float.floatToFloat16(x[offset + i]));
                }
            }
            case Q8_0 -> {
                for (int b = 0; b < n / 32; b++) {
                    storeBlock(x, offset + 32 * b, memory, at + 34L * b);
                }
            }
        }
    }

    private static void storeBlock(float[] x, int offset, MemorySegment memory, long at) {
        float max = 0;
        for (int i = 0; i < 32; i++) {
            max = Math.max(max, Math.abs(x[offset + i]));
        }
        float scale = max / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        memory.set(SHORT, at, Float.floatToFloat16(scale));
        for (int i = 0; i < 32; i++) {
            memory.set(ValueLayout.JAVA_BYTE, at + 2 + i, (byte) Math.rint(x[offset + i] * inverse));
        }
    }

    /** {@code positions} rows of {@code dim} numbers as floats, one after the other. */
    static void load(KvType type, MemorySegment memory, long at, int positions, int dim, float[] out, int to) {
        switch (type) {
            case F32 -> VectorLoads.floats(memory, at, out, to, positions * dim);
            case F16 -> VectorLoads.halves(memory, at, out, to, positions * dim);
            case Q8_0 -> VectorLoads.bytes(memory, at, out, to, positions * dim);
        }
    }

    static void scores(float[] query, int queryOffset, int queryStride, int queries, KvType type, MemorySegment memory, long keys,
            int positions, int dim, float scale, float[] out, int outOffset, int outStride) {
        Scratch scratch = Scratch.get();
        int run = Math.max(1, RUN / dim);
        float[] rows = scratch.row = Scratch.atLeast(scratch.row, run * dim);
        for (int p = 0; p < positions; p += run) {
            int n = Math.min(run, positions - p);
            load(type, memory, keys + (long) p * type.rowBytes(dim), n, dim, rows, 0);
            for (int q = 0; q < queries; q++) {
                int qo = queryOffset + q * queryStride;
                int to = outOffset + q * outStride + p;
                for (int i = 0; i < n; i++) {
                    out[to + i] = scale * Dot.dot(query, qo, rows, i * dim, dim);
                }
            }
        }
    }

    static void weightedValues(float[] weight, int weightOffset, int weightStride, int queries, KvType type, MemorySegment memory,
            long values, int positions, int dim, float[] out, int outOffset, int outStride) {
        Scratch scratch = Scratch.get();
        int run = Math.max(1, RUN / dim);
        float[] rows = scratch.row = Scratch.atLeast(scratch.row, run * dim);
        for (int p = 0; p < positions; p += run) {
            int n = Math.min(run, positions - p);
            load(type, memory, values + (long) p * type.rowBytes(dim), n, dim, rows, 0);
            for (int q = 0; q < queries; q++) {
                int wo = weightOffset + q * weightStride + p;
                for (int i = 0; i < n; i++) {
                    Dot.addScaled(out, outOffset + q * outStride, weight[wo + i], rows, i * dim, dim);
                }
            }
        }
    }
}
