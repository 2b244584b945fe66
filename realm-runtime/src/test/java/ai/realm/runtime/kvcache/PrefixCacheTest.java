package ai.realm.runtime.kvcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PrefixCacheTest {
    private static final int BP = 4;
    private final KvBlockPool pool = new KvBlockPool(16);
    private final PrefixCache cache = new PrefixCache(pool, BP);

    private static int[] tokens(int seed, int n) {
        int[] ids = new int[n];
        for (int i = 0; i < n; i++) {
            ids[i] = seed + i * i;
        }
        return ids;
    }

    private static PrefixChain chain(String tenant, int shared) {
        return new PrefixChain(tenant, BP, shared);
    }

    /** Computes a whole sequence, makes it known and ends it. */
    private void compute(PrefixChain chain, int[] tokens) {
        BlockTable table = new BlockTable();
        int cached = cache.acquire(chain, tokens, tokens.length, table);
        table.growTo(Math.ceilDiv(tokens.length, BP), pool);
        cache.publish(chain, tokens, table, cached, tokens.length);
        table.clear(pool);
    }

    private int hit(PrefixChain chain, int[] tokens) {
        BlockTable table = new BlockTable();
        int cached = cache.acquire(chain, tokens, tokens.length, table);
        assertThat(table.size()).isEqualTo(cached / BP);
        table.clear(pool);
        return cached;
    }

    @Test
    void acquire_sameTokens_givesAllFullBlocksButLeavesTheLastToken() {
        compute(chain("a", 0), tokens(1, 12));
        assertThat(hit(chain("a", 0), tokens(1, 12))).isEqualTo(8);
        assertThat(hit(chain("a", 0), tokens(1, 13))).isEqualTo(12);
        assertThat(hit(chain("a", 0), tokens(1, 7))).isEqualTo(4);
        assertThat(hit(chain("a", 0), tokens(1, 4))).isZero();
        pool.assertAllBlocksFree();
    }

    @Test
    void acquire_differentBeginningAndSameBlockLater_isNoHit() {
        compute(chain("a", 0), tokens(1, 12));
        int[] other = tokens(1, 12);
        other[0]++;
        assertThat(hit(chain("a", 0), other)).isZero();
    }

    @Test
    void acquire_anotherTenant_isNoHit() {
        compute(chain("a", 0), tokens(1, 12));
        assertThat(hit(chain("b", 0), tokens(1, 12))).isZero();
        assertThat(hit(chain("shared", 0), tokens(1, 12))).isZero();
    }

    @Test
    void acquire_sharedBlocks_areForAllAndOnlyThey() {
        compute(chain("a", 2), tokens(1, 16));
        assertThat(hit(chain("b", 2), tokens(1, 16))).isEqualTo(8);
        assertThat(hit(chain("a", 2), tokens(1, 16))).isEqualTo(12);
        assertThat(hit(chain("b", 0), tokens(1, 16))).isZero();
    }

    @Test
    void acquire_underPressure_losesTheEndOfAPrefixBeforeItsBeginning() {
        compute(chain("a", 0), tokens(1, 17));
        BlockTable pressure = new BlockTable();
        pressure.growTo(pool.blocks() - 2, pool);
        assertThat(cache.size()).isEqualTo(2);
        assertThat(hit(chain("a", 0), tokens(1, 17))).isEqualTo(8);
        pressure.clear(pool);
        pool.assertAllBlocksFree();
    }

    @Test
    void publish_sameContentsTwice_keepsOneBlock() {
        BlockTable one = new BlockTable();
        BlockTable two = new BlockTable();
        one.growTo(2, pool);
        two.growTo(2, pool);
        cache.publish(chain("a", 0), tokens(1, 8), one, 0, 8);
        cache.publish(chain("a", 0), tokens(1, 8), two, 0, 8);
        assertThat(cache.size()).isEqualTo(2);
        one.clear(pool);
        two.clear(pool);
        assertThat(pool.keptFree()).isEqualTo(2);
        pool.assertAllBlocksFree();
    }

    @Test
    void sharedBlocks_promptThatLeavesThePrefixInsideABlock_countsWholeBlocksOnly() {
        SharedPrefixes prefixes = new SharedPrefixes(List.of(tokens(1, 10), tokens(7, 4)));
        assertThat(prefixes.sharedBlocks(tokens(1, 20), BP)).isEqualTo(2);
        int[] parts = tokens(1, 20);
        parts[6] = 99;
        assertThat(prefixes.sharedBlocks(parts, BP)).isEqualTo(1);
        assertThat(prefixes.sharedBlocks(tokens(7, 20), BP)).isEqualTo(1);
        assertThat(prefixes.sharedBlocks(tokens(9, 20), BP)).isZero();
    }

    @Test
    void truncate_intoASharedPrefix_makesWhatFollowsTheTenantsOwn() {
        int[] shared = {1, 2, 3, 4, 5, 6, 7, 8};
        int[] own = {1, 2, 9, 9, 9, 9, 9, 9};
        PrefixChain chain = new PrefixChain("a", 4, 2);
        chain.hash(1, shared);
        chain.truncate(2);
        assertThat(chain.hash(0, own)).isEqualTo(new PrefixChain("a", 4, 0).hash(0, own))
                .isNotEqualTo(new PrefixChain("b", 4, 2).hash(0, own));
    }
}
