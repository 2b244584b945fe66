package ai.realm.runtime.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.kernel.KvType;
import ai.realm.core.model.KvShape;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatePoolTest {
    private static final KvShape SHAPE = new KvShape(new int[]{1, 0}, new int[]{4, 0}, new int[]{4, 0}, new int[]{0, 20});
    private final BlockHash one = BlockHash.root("one");
    private final BlockHash two = BlockHash.root("two");

    @Test
    void begin_takesASlotThatIsZeroedBeforeTheStep() {
        StatePool pool = new StatePool(2);

        int slot = pool.begin();

        assertThat(pool.takeMoves()).containsExactly(new StatePool.Move(StatePool.NONE, slot));
        assertThat(pool.takeMoves()).isEmpty();
        assertThat(pool.used()).isEqualTo(1);
        pool.release(slot);
        pool.assertAllSlotsFree();
    }

    @Test
    void checkpoint_staysAfterItsSequence_andIsCopiedForAnother() {
        StatePool pool = new StatePool(3);
        int slot = pool.begin();
        int kept = pool.checkpoint(one, slot);
        pool.release(slot);
        pool.takeMoves();

        int restored = pool.restore(one);

        assertThat(pool.takeMoves()).containsExactly(new StatePool.Move(kept, restored));
        assertThat(pool.has(one)).isTrue();
        assertThat(pool.free()).isEqualTo(2);
    }

    @Test
    void restore_withoutAnotherSlot_takesTheCheckpointItself() {
        StatePool pool = new StatePool(2);
        int slot = pool.begin();
        int kept = pool.checkpoint(one, slot);
        pool.takeMoves();

        assertThat(pool.restore(one)).isEqualTo(kept);

        assertThat(pool.takeMoves()).isEmpty();
        assertThat(pool.has(one)).isFalse();
        assertThat(pool.checkpoint(two, slot)).isEqualTo(StatePool.NONE);
        pool.release(kept);
        pool.release(slot);
        pool.assertAllSlotsFree();
    }

    @Test
    void begin_withoutAnEmptySlot_evictsTheCheckpointUnusedForTheLongestTime() {
        StatePool pool = new StatePool(3);
        int slot = pool.begin();
        pool.checkpoint(one, slot);
        pool.checkpoint(two, slot);
        pool.release(slot);
        pool.release(pool.restore(one));

        pool.begin();
        pool.begin();

        assertThat(pool.has(one)).isTrue();
        assertThat(pool.has(two)).isFalse();
        assertThat(pool.checkpoints()).isEqualTo(1);
    }

    @Test
    void memory_movesStatesWhole() {
        KvLayout layout = new KvLayout(SHAPE, KvType.F32, 8);
        assertThat(layout.stateBytes()).isEqualTo(128);
        assertThatThrownBy(() -> new KvMemory(layout, 3)).hasMessageContaining("128 bytes of recurrent state");
        try (KvMemory memory = new KvMemory(layout, 3, 4)) {
            memory.states().asSlice(128, 128).fill((byte) 7);

            List.of(new StatePool.Move(1, 3), new StatePool.Move(StatePool.NONE, 1)).forEach(memory::move);

            assertThat(memory.states().asSlice(3 * 128, 128).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsOnly(7);
            assertThat(memory.states().asSlice(128, 128).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsOnly(0);
            assertThat(memory.bytes()).isEqualTo(3 * layout.blockBytes() + 4 * 128);
            assertThat(memory.mostSequences()).isEqualTo(3);
        }
    }
}
