package ai.realm.core.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/** The functions that were emitted for this process, and the calls to them; made once, when the provider is first asked for. */
final class MachineCode {
    private static final FunctionDescriptor PRODUCT_TYPE = FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);
    private static final FunctionDescriptor QUANTIZE_TYPE = FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);
    /** Calls that leave the thread in Java, so that arrays of the heap stay where they are: they take microseconds. */
    private static final MethodHandle PRODUCT = Linker.nativeLinker().downcallHandle(PRODUCT_TYPE, Linker.Option.critical(true));
    private static final MethodHandle QUANTIZE = Linker.nativeLinker().downcallHandle(QUANTIZE_TYPE,
            Linker.Option.critical(true));

    private final MemorySegment quantize;
    private final MemorySegment constants = QuantizeCode.constants(Arena.global());
    /** By layout and tokens less one. */
    private final MemorySegment[][] products = new MemorySegment[WeightLayout.values().length][TileCode.TOKENS];

    /** Emits and loads everything. */
    MachineCode() throws CodeMemory.RefusedException {
        List<byte[]> functions = new ArrayList<>();
        functions.add(QuantizeCode.emit().toByteArray());
        for (WeightLayout layout : WeightLayout.values()) {
            for (int tokens = 1; tokens <= TileCode.TOKENS; tokens++) {
                functions.add(TileCode.emit(layout, tokens).toByteArray());
            }
        }
        List<MemorySegment> entries = CodeMemory.load(functions);
        quantize = entries.getFirst();
        for (WeightLayout layout : WeightLayout.values()) {
            for (int t = 0; t < TileCode.TOKENS; t++) {
                products[layout.ordinal()][t] = entries.get(1 + layout.ordinal() * TileCode.TOKENS + t);
            }
        }
    }

    /** The function of {@link TileCode} for a layout and a number of tokens. */
    MemorySegment product(WeightLayout layout, int tokens) {
        return products[layout.ordinal()][tokens - 1];
    }

    /** See {@link TileCode}: all that the function reads and writes must be there. */
    static void multiply(MemorySegment function, MemorySegment out, long outBytes, long weights, long activations, int blocks,
            int rows,
            long strideBytes) {
        try {
            PRODUCT.invokeExact(function, out, outBytes, weights, activations,
                    blocks | (rows == 32 ? -1L : (1L << rows) - 1) << 32,
                    strideBytes);
        } catch (Throwable t) {
            throw new IllegalStateException("emitted code could not be called", t);
        }
    }

    /** See {@link QuantizeCode}: all that the function reads and writes must be there. */
    void quantize(MemorySegment x, long xBytes, long records, int blocks) {
        try {
            QUANTIZE.invokeExact(quantize, x, xBytes, records, (long) blocks, constants.address());
        } catch (Throwable t) {
            throw new IllegalStateException("emitted code could not be called", t);
        }
    }
}
