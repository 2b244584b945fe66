package ai.realm.runtime.kvcache;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.KvType;
import ai.realm.core.model.KvShape;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvLayoutTest {
    private static final KvShape SHAPE = new KvShape(new int[]{2, 0, 3}, new int[]{64, 0, 32}, new int[]{32, 0, 96},
            new int[]{0, 8, 0});

    @ParameterizedTest
    @EnumSource(KvType.class)
    void offsets_ofAllHeadsAndBlocks_doNotOverlapAndStayInside(KvType type) {
        KvLayout layout = new KvLayout(SHAPE, type, 16);
        TreeMap<Long, Long> runs = new TreeMap<>();
        for (int block = 0; block < 3; block++) {
            for (int l = 0; l < 3; l++) {
                for (int h = 0; h < SHAPE.heads()[l]; h++) {
                    put(runs, layout.keys(block, l, h), 16L * type.rowBytes(SHAPE.keyDim()[l]));
                    put(runs, layout.values(block, l, h), 16L * type.rowBytes(SHAPE.valueDim()[l]));
                }
            }
        }
        long end = 0;
        for (Map.Entry<Long, Long> run : runs.entrySet()) {
            assertThat(run.getKey()).isGreaterThanOrEqualTo(end);
            assertThat(run.getKey() % 64).isZero();
            end = run.getKey() + run.getValue();
        }
        assertThat(end).isLessThanOrEqualTo(3 * layout.blockBytes());
    }

    private static void put(TreeMap<Long, Long> runs, long at, long bytes) {
        assertThat(runs.put(at, bytes)).isNull();
    }

    @Test
    void blockBytes_ofThirtyLayersInF16_isWhatTheirHeadsNeed() {
        int[] heads = new int[30];
        int[] dims = new int[30];
        Arrays.fill(heads, 3);
        Arrays.fill(dims, 64);
        KvLayout layout = new KvLayout(new KvShape(heads, dims, dims, new int[30]), KvType.F16, 32);
        assertThat(layout.blockBytes()).isEqualTo(30L * 3 * 64 * 2 * 2 * 32);
    }

    @Test
    void memory_new_isZeroAlignedAndCopiesBlocks() {
        KvLayout layout = new KvLayout(SHAPE, KvType.F32, 16);
        try (KvMemory memory = new KvMemory(layout, 3, 1)) {
            assertThat(memory.segment().byteSize()).isEqualTo(3 * layout.blockBytes());
            assertThat(memory.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
            assertThat(memory.segment().address() % 64).isZero();
            memory.segment().set(ValueLayout.JAVA_INT, layout.values(1, 2, 2), 42);
            memory.copy(1, 0);
            assertThat(memory.segment().get(ValueLayout.JAVA_INT, layout.values(0, 2, 2))).isEqualTo(42);
        }
    }
}
