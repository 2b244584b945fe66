package ai.realm.core.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The functions that were emitted for this process, and the calls to them: made once, products and attention when they are first needed. Nobody checks what is
 * handed over: all that a function reads and writes must be there. An {@code ADDRESS} is memory of the heap or not, a {@code LONG} an address, a
 * number of bytes or what the function's description says.
 */
final class MachineCode {
    private static final MemoryLayout A = ValueLayout.ADDRESS;
    private static final MemoryLayout L = ValueLayout.JAVA_LONG;
    private static final MethodHandle PRODUCT = call(FunctionDescriptor.ofVoid(A, L, L, L, L, L));
    private static final MethodHandle QUANTIZE = call(FunctionDescriptor.ofVoid(A, L, L, L, L));
    private static final MethodHandle ROWS = call(FunctionDescriptor.ofVoid(A, L, A, L, L, L));
    private static final MethodHandle DOT = call(FunctionDescriptor.of(ValueLayout.JAVA_FLOAT, A, L, A, L, L));
    private static final MethodHandle THREE_ROWS = call(FunctionDescriptor.ofVoid(A, L, A, L, A, L, L));
    private static final MethodHandle LOW_RANK = call(FunctionDescriptor.ofVoid(A, L, A, L, L, L, L, L, L));
    private static final MethodHandle LONGS = call(FunctionDescriptor.ofVoid(L, L, L, L, L, L));
    private static final MethodHandle INTO_ROWS = call(FunctionDescriptor.ofVoid(L, L, L, A, L, L));
    private static final MethodHandle TRANSPOSE = call(FunctionDescriptor.ofVoid(A, L, A, L, L, L, L, L));

    private static final MethodHandle FLOATS = call(FunctionDescriptor.ofVoid(A, L, A, L, A, L, L, L, L));
    private static final MethodHandle LAYER_NORM = call(FunctionDescriptor.ofVoid(A, L, A, L, A, A, L, L));

    /** What is emitted when it is first needed. */
    private static final List<String> LATER = List.of("product-", "pack-", "unpack-", "attention-");

    private final MemorySegment constants = QuantizeCode.constants(Arena.global());
    private final Map<String, Supplier<Assembler>> catalogue = KernelCatalogue.all();
    private final Map<String, MemorySegment> functions = new HashMap<>();
    private final MemorySegment quantize;
    private final MemorySegment quantizeFine;
    private final boolean tiles;
    private final @Nullable Products[] products = new Products[WeightLayout.values().length];

    /**
     * The functions for a layout.
     *
     * @param product see {@link TileCode}; by tokens less one
     * @param productAdd the same that add to what is there
     * @param pack see {@link PackCode}; null for a layout without
     * @param tiles for many tokens; null where the processor has no tiles
     */
    record Products(MemorySegment[] product, MemorySegment[] productAdd, @Nullable MemorySegment pack, @Nullable Tiles tiles) {}

    /** See {@link PanelCode} and {@link AmxTileCode}. */
    record Tiles(MemorySegment unpack, MemorySegment product, MemorySegment productAdd) {}

    /** Calls that leave the thread in Java, so that arrays of the heap stay where they are: they take microseconds. */
    private static MethodHandle call(FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(type, Linker.Option.critical(true));
    }

    /**
     * Emits and loads what every model needs, which shows whether the system lets it.
     *
     * @param tiles whether products of many tokens use AMX
     */
    MachineCode(boolean tiles) throws CodeMemory.RefusedException {
        this.tiles = tiles;
        load(catalogue.keySet().stream().filter(n -> LATER.stream().noneMatch(n::startsWith)).toList());
        quantize = function(KernelCatalogue.QUANTIZE);
        quantizeFine = function(KernelCatalogue.QUANTIZE_FINE);
    }

    private void load(List<String> names) throws CodeMemory.RefusedException {
        List<MemorySegment> entries = CodeMemory
                .load(names.stream().map(n -> Objects.requireNonNull(catalogue.get(n)).get().toByteArray()).toList());
        for (int i = 0; i < names.size(); i++) {
            functions.put(names.get(i), entries.get(i));
        }
    }

    /** Functions by their names in the {@link KernelCatalogue}: those that are not there yet are emitted together. */
    synchronized MemorySegment[] functions(String... names) {
        List<String> missing = Stream.of(names).filter(n -> !functions.containsKey(n)).toList();
        if (!missing.isEmpty()) {
            try {
                load(missing);
            } catch (CodeMemory.RefusedException e) {
                throw new IllegalStateException(e.getMessage() + ", though it did at the start", e);
            }
        }
        return Stream.of(names).map(n -> Objects.requireNonNull(functions.get(n))).toArray(MemorySegment[]::new);
    }

    MemorySegment function(String name) {
        return functions(name)[0];
    }

    /** The functions of {@link TileCode} for a layout. */
    synchronized Products products(WeightLayout layout) {
        Products p = products[layout.ordinal()];
        if (p == null) {
            String[] names = new String[2 * TileCode.TOKENS];
            for (int t = 0; t < TileCode.TOKENS; t++) {
                names[t] = KernelCatalogue.product(layout, t + 1, false);
                names[TileCode.TOKENS + t] = KernelCatalogue.product(layout, t + 1, true);
            }
            MemorySegment[] all = functions(names);
            p = new Products(Arrays.copyOf(all, TileCode.TOKENS), Arrays.copyOfRange(all, TileCode.TOKENS, all.length),
                    PackCode.has(layout) ? function(KernelCatalogue.pack(layout)) : null, tiles ? tiles(layout) : null);
            products[layout.ordinal()] = p;
        }
        return p;
    }

    private Tiles tiles(WeightLayout layout) {
        MemorySegment[] all = functions(KernelCatalogue.unpack(layout), KernelCatalogue.tiles(layout, false),
                KernelCatalogue.tiles(layout, true));
        return new Tiles(all[0], all[1], all[2]);
    }

    /** The functions of {@link FloatTileCode} for a type, by tokens less one. */
    MemorySegment[] products(FloatTileCode.Plain type) {
        String[] names = new String[FloatTileCode.TOKENS];
        for (int t = 0; t < names.length; t++) {
            names[t] = KernelCatalogue.product(type, t + 1);
        }
        return functions(names);
    }

    private static IllegalStateException notCalled(Throwable t) {
        return new IllegalStateException("emitted code could not be called", t);
    }

    /** See {@link TileCode}. */
    static void multiply(MemorySegment function, MemorySegment out, long outBytes, long weights, long activations, int blocks,
            int rows,
            long strideBytes) {
        try {
            PRODUCT.invokeExact(function, out, outBytes, weights, activations,
                    blocks | (rows == 32 ? -1L : (1L << rows) - 1) << 32,
                    strideBytes);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link QuantizeCode}. */
    void quantize(MemorySegment x, long xBytes, long records, int blocks) {
        try {
            QUANTIZE.invokeExact(quantize, x, xBytes, records, (long) blocks, constants.address());
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** The same and what the rounding left, in records of its own. */
    void quantizeFine(MemorySegment x, long xBytes, long records, int blocks, long fineRecords) {
        try {
            PRODUCT.invokeExact(quantizeFine, x, xBytes, records, (long) blocks, constants.address(), fineRecords);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link RowCode}, which says of each function what the last two are. */
    static void rows(MemorySegment function, MemorySegment x, long xBytes, MemorySegment y, long yBytes, long length, long more) {
        try {
            ROWS.invokeExact(function, x, xBytes, y, yBytes, length, more);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    static float dot(MemorySegment function, MemorySegment x, long xBytes, MemorySegment y, long yBytes, long length) {
        try {
            return (float) DOT.invokeExact(function, x, xBytes, y, yBytes, length);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    static void threeRows(MemorySegment function, MemorySegment x, long xBytes, MemorySegment y, long yBytes, MemorySegment z,
            long length, long more) {
        try {
            THREE_ROWS.invokeExact(function, x, xBytes, y, yBytes, z, length, more);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link LowRankCode#emit}. */
    static void lowRank(MemorySegment function, MemorySegment x, long xBytes, MemorySegment y, long yBytes, long down, long up,
            long columns, long rows, long scale) {
        try {
            LOW_RANK.invokeExact(function, x, xBytes, y, yBytes, down, up, columns, rows, scale);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** From memory of the heap to other memory: {@link RowCode#storeHalves}, {@link FewQueriesCode#scores}. */
    static void fromRow(MemorySegment function, MemorySegment x, long xBytes, long to, long third, long fourth, long fifth) {
        try {
            PRODUCT.invokeExact(function, x, xBytes, to, third, fourth, fifth);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link FewQueriesCode#values}. */
    static void intoRows(MemorySegment function, long first, long second, long third, MemorySegment out, long outBytes,
            long strideBytes) {
        try {
            INTO_ROWS.invokeExact(function, first, second, third, out, outBytes, strideBytes);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** What works outside of the heap only. */
    static void outside(MemorySegment function, long first, long second, long third, long fourth, long fifth, long sixth) {
        try {
            LONGS.invokeExact(function, first, second, third, fourth, fifth, sixth);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link ManyQueriesCode#transpose}. */
    static void transpose(MemorySegment function, MemorySegment to, long toBytes, MemorySegment from, long fromBytes, long count,
            long laneBytes, long factors, long factorBytes) {
        try {
            TRANSPOSE.invokeExact(function, to, toBytes, from, fromBytes, count, laneBytes, factors, factorBytes);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link FloatTileCode}. */
    static void multiply(MemorySegment function, MemorySegment out, long outBytes, MemorySegment x, long xBytes,
            MemorySegment rows,
            long rowBytes, long rowStride, long strides, long shape) {
        try {
            FLOATS.invokeExact(function, out, outBytes, x, xBytes, rows, rowBytes, rowStride, strides, shape);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }

    /** See {@link RowCode#layerNorm}. */
    static void layerNorm(MemorySegment function, MemorySegment x, long xBytes, MemorySegment out, long outBytes,
            MemorySegment weight, MemorySegment bias, long length, long more) {
        try {
            LAYER_NORM.invokeExact(function, x, xBytes, out, outBytes, weight, bias, length, more);
        } catch (Throwable t) {
            throw notCalled(t);
        }
    }
}
