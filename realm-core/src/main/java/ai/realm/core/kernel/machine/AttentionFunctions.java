package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.KvType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The emitted functions of attention over one type of keys and values.
 *
 * @param scores {@link FewQueriesCode#scores} by rows less one
 * @param values {@link FewQueriesCode#values} by rows less one
 * @param rescale {@link ManyQueriesCode#rescale} by vectors less one
 * @param product {@link ManyQueriesCode#product} by vectors less one and outputs of a step less one
 * @param productAdd the same that add
 */
record AttentionFunctions(MemorySegment floats, MemorySegment softmaxRow, MemorySegment softmaxColumns, MemorySegment transpose,
        MemorySegment[] scores, MemorySegment[] values, MemorySegment[] rescale, MemorySegment[][] product,
        MemorySegment[][] productAdd) {

    static AttentionFunctions of(MachineCode code, KvType type) {
        int rows = FewQueriesCode.ROWS;
        int vectors = ManyQueriesCode.VECTORS;
        int together = ManyQueriesCode.TOGETHER;
        List<String> names = new ArrayList<>(List.of(KernelCatalogue.floats(type), KernelCatalogue.SOFTMAX_ROW,
                KernelCatalogue.SOFTMAX_COLUMNS, KernelCatalogue.TRANSPOSE));
        for (int r = 1; r <= rows; r++) {
            names.add(KernelCatalogue.scores(type, r));
        }
        for (int r = 1; r <= rows; r++) {
            names.add(KernelCatalogue.values(type, r));
        }
        for (int v = 1; v <= vectors; v++) {
            names.add(KernelCatalogue.rescale(v));
        }
        for (boolean add : new boolean[]{false, true}) {
            for (int v = 1; v <= vectors; v++) {
                for (int n = 1; n <= together; n++) {
                    names.add(KernelCatalogue.manyProduct(v, n, add));
                }
            }
        }
        MemorySegment[] all = code.functions(names.toArray(String[]::new));
        int many = 4 + 2 * rows + vectors;
        return new AttentionFunctions(all[0], all[1], all[2], all[3], Arrays.copyOfRange(all, 4, 4 + rows),
                Arrays.copyOfRange(all, 4 + rows, 4 + 2 * rows), Arrays.copyOfRange(all, 4 + 2 * rows, many),
                table(all, many, vectors, together), table(all, many + vectors * together, vectors, together));
    }

    private static MemorySegment[][] table(MemorySegment[] all, int from, int lines, int columns) {
        MemorySegment[][] table = new MemorySegment[lines][];
        for (int i = 0; i < lines; i++) {
            table[i] = Arrays.copyOfRange(all, from + i * columns, from + (i + 1) * columns);
        }
        return table;
    }
}
