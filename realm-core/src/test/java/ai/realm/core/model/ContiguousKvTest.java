package ai.realm.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.kernel.KvType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContiguousKvTest {
    /** Three layers: attention, state alone, attention with values narrower than keys. */
    private static final KvShape SHAPE = new KvShape(new int[]{2, 0, 3}, new int[]{8, 0, 16}, new int[]{8, 0, 4},
            new int[]{0, 5, 0});

    @Test
    void keysAndValues_allSequencesLayersHeads_neverOverlap() {
        try (Arena arena = Arena.ofConfined()) {
            ContiguousKv kv = new ContiguousKv(SHAPE, 2, 9, KvType.F32, arena);

            List<long[]> ranges = new ArrayList<>();
            for (int s = 0; s < 2; s++) {
                for (int layer : new int[]{0, 2}) {
                    for (int head = 0; head < SHAPE.heads()[layer]; head++) {
                        ranges.add(new long[]{kv.keys(kv.block(s, 0), layer, head), 16L * 4 * SHAPE.keyDim()[layer]});
                        ranges.add(new long[]{kv.values(kv.block(s, 0), layer, head), 16L * 4 * SHAPE.valueDim()[layer]});
                    }
                }
            }
            ranges.sort((a, b) -> Long.compare(a[0], b[0]));
            long end = 0;
            for (long[] range : ranges) {
                assertThat(range[0]).isGreaterThanOrEqualTo(end);
                end = range[0] + range[1];
            }
            assertThat(end).isLessThanOrEqualTo(kv.memory().byteSize());
            assertThat(kv.blockPositions()).isEqualTo(16);
        }
    }

    @Test
    void reset_afterUse_zeroesTheState() {
        try (Arena arena = Arena.ofConfined()) {
            ContiguousKv kv = new ContiguousKv(SHAPE, 1, 4, KvType.F16, arena);
            kv.states().set(ValueLayout.JAVA_FLOAT, kv.state(0, 1) + 12, 7);

            kv.reset();

            assertThat(kv.states().asSlice(kv.state(0, 1), 20).toArray(ValueLayout.JAVA_FLOAT)).hasSize(5).containsOnly(0);
        }
    }

    @Test
    void block_beyondThePositions_isRefused() {
        try (Arena arena = Arena.ofConfined()) {
            ContiguousKv kv = new ContiguousKv(SHAPE, 1, 4, KvType.F32, arena);

            assertThatThrownBy(() -> kv.block(0, 1)).isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("4 positions");
        }
    }
}
