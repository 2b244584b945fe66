package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.machine.FloatTileCode.Plain;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** Every function that is emitted, by its name. */
final class KernelCatalogue {
    static final String QUANTIZE = "quantize";
    static final String QUANTIZE_FINE = "quantize-fine";
    static final String DOT = "dot";
    static final String RMS_NORM = "rms_norm";
    static final String LAYER_NORM = "layer_norm";
    static final String SOFTMAX = "softmax";
    static final String STORE_HALVES = "store-f16";
    static final String STORE_BLOCKS = "store-q8_0";
    static final String SOFTMAX_ROW = "attention-softmax-row";
    static final String SOFTMAX_COLUMNS = "attention-softmax-columns";
    static final String TRANSPOSE = "attention-transpose";

    private KernelCatalogue() {
    }

    static Map<String, Supplier<Assembler>> all() {
        Map<String, Supplier<Assembler>> all = new LinkedHashMap<>();
        all.put(QUANTIZE, () -> QuantizeCode.emit(false));
        all.put(QUANTIZE_FINE, () -> QuantizeCode.emit(true));
        for (WeightLayout layout : WeightLayout.values()) {
            for (int tokens = 1; tokens <= TileCode.TOKENS; tokens++) {
                int n = tokens;
                all.put(product(layout, n, false), () -> TileCode.emit(layout, n, false));
                all.put(product(layout, n, true), () -> TileCode.emit(layout, n, true));
            }
            all.put(unpack(layout), () -> PanelCode.emit(layout));
            all.put(tiles(layout, false), () -> AmxTileCode.emit(layout, false));
            all.put(tiles(layout, true), () -> AmxTileCode.emit(layout, true));
            if (PackCode.has(layout)) {
                all.put(pack(layout), () -> PackCode.emit(layout));
            }
        }
        for (Plain type : Plain.values()) {
            for (int tokens = 1; tokens <= FloatTileCode.TOKENS; tokens++) {
                int n = tokens;
                all.put(product(type, n), () -> FloatTileCode.emit(type, n));
            }
        }
        rows(all);
        attention(all);
        return all;
    }

    private static void rows(Map<String, Supplier<Assembler>> all) {
        for (RowCode.Elementwise what : RowCode.Elementwise.values()) {
            all.put(elementwise(what), () -> RowCode.elementwise(what));
        }
        all.put(DOT, RowCode::dot);
        all.put(RMS_NORM, RowCode::rmsNorm);
        all.put(LAYER_NORM, RowCode::layerNorm);
        all.put(SOFTMAX, RowCode::softmax);
        for (Activation activation : Activation.values()) {
            all.put(activate(activation, false), () -> ActivationCode.activate(activation, false));
            all.put(activate(activation, true), () -> ActivationCode.activate(activation, true));
        }
        all.put(rotate(false), () -> RowCode.rotate(false));
        all.put(rotate(true), () -> RowCode.rotate(true));
        for (LowRankPanel kind : LowRankPanel.values()) {
            all.put(lowRank(kind), () -> LowRankCode.emit(kind));
        }
        all.put(STORE_HALVES, RowCode::storeHalves);
        all.put(STORE_BLOCKS, RowCode::storeBlocks);
    }

    private static void attention(Map<String, Supplier<Assembler>> all) {
        for (KvType type : KvType.values()) {
            all.put(floats(type), () -> KvLoads.toFloats(type));
            for (int rows = 1; rows <= FewQueriesCode.ROWS; rows++) {
                int n = rows;
                all.put(scores(type, n), () -> FewQueriesCode.scores(type, n));
                all.put(values(type, n), () -> FewQueriesCode.values(type, n));
            }
        }
        all.put(SOFTMAX_ROW, SoftmaxCode::row);
        all.put(SOFTMAX_COLUMNS, SoftmaxCode::columns);
        all.put(TRANSPOSE, ManyQueriesCode::transpose);
        for (int vectors = 1; vectors <= ManyQueriesCode.VECTORS; vectors++) {
            int v = vectors;
            all.put(rescale(v), () -> ManyQueriesCode.rescale(v));
            for (int together = 1; together <= ManyQueriesCode.TOGETHER; together++) {
                int n = together;
                all.put(manyProduct(v, n, false), () -> ManyQueriesCode.product(v, n, false));
                all.put(manyProduct(v, n, true), () -> ManyQueriesCode.product(v, n, true));
            }
        }
    }

    private static String lower(Enum<?> e) {
        return e.name().toLowerCase(Locale.ROOT);
    }

    static String product(WeightLayout layout, int tokens, boolean add) {
        return "product-" + (add ? "add-" : "") + lower(layout) + "-" + tokens;
    }

    static String unpack(WeightLayout layout) {
        return "unpack-" + lower(layout);
    }

    static String tiles(WeightLayout layout, boolean add) {
        return "product-amx-" + (add ? "add-" : "") + lower(layout);
    }

    static String pack(WeightLayout layout) {
        return "pack-" + lower(layout);
    }

    static String product(Plain type, int tokens) {
        return "product-" + lower(type) + "-" + tokens;
    }

    static String elementwise(RowCode.Elementwise what) {
        return lower(what);
    }

    static String activate(Activation activation, boolean gated) {
        return (gated ? "gate-" : "activate-") + lower(activation);
    }

    static String lowRank(LowRankPanel kind) {
        return "low-rank-" + lower(kind);
    }

    static String rotate(boolean neighbours) {
        return neighbours ? "rotate-neighbours" : "rotate-halves";
    }

    static String floats(KvType type) {
        return "attention-floats-" + lower(type);
    }

    static String scores(KvType type, int rows) {
        return "attention-scores-" + lower(type) + "-" + rows;
    }

    static String values(KvType type, int rows) {
        return "attention-values-" + lower(type) + "-" + rows;
    }

    static String rescale(int vectors) {
        return "attention-rescale-" + vectors;
    }

    static String manyProduct(int vectors, int together, boolean add) {
        return "attention-product-" + (add ? "add-" : "") + vectors + "-" + together;
    }
}
