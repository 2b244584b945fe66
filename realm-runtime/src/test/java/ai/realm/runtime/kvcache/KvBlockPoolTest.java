package ai.realm.runtime.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KvBlockPoolTest {
    @Test
    void allocate_all_givesEachBlockOnceAndThenRefuses() {
        KvBlockPool pool = new KvBlockPool(5);
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            seen.add(pool.allocate());
        }
        assertThat(seen).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
        assertThat(pool.free()).isZero();
        assertThatThrownBy(pool::allocate).isInstanceOf(IllegalStateException.class).hasMessageContaining("all 5");
    }

    @Test
    void release_lastReference_freesTheBlock() {
        KvBlockPool pool = new KvBlockPool(2);
        int b = pool.allocate();
        pool.retain(b);
        pool.release(b);
        assertThat(pool.used()).isEqualTo(1);
        pool.release(b);
        pool.assertAllBlocksFree();
        assertThatThrownBy(() -> pool.release(b)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void allocate_keptBlocks_areEvictedLeastRecentlyUsedFirstAndAfterEmptyOnes() {
        KvBlockPool pool = new KvBlockPool(4);
        List<Integer> evicted = new ArrayList<>();
        pool.onEvict(evicted::add);
        int a = pool.allocate();
        int b = pool.allocate();
        int c = pool.allocate();
        pool.keep(a);
        pool.keep(b);
        pool.keep(c);
        pool.release(b);
        pool.release(a);
        pool.release(c);
        pool.retain(b);
        pool.release(b);
        pool.allocate();
        assertThat(evicted).isEmpty();
        pool.allocate();
        pool.allocate();
        assertThat(evicted).containsExactly(a, c);
    }

    @Test
    void retain_emptyBlock_isRefused() {
        KvBlockPool pool = new KvBlockPool(2);
        assertThatThrownBy(() -> pool.retain(1)).isInstanceOf(IllegalStateException.class).hasMessageContaining("empty");
        pool.assertAllBlocksFree();
    }
}
