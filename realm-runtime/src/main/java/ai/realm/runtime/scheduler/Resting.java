package ai.realm.runtime.scheduler;

import ai.realm.runtime.kvcache.KvBlockPool;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The sequences that hold blocks without running: those that somebody outside has, and those of them that wait to go on. Their blocks
 * are anybody's who needs them; what was in them is found in the prefix cache, or computed again.
 */
final class Resting {
    private final List<Sequence> all = new ArrayList<>();
    private final KvBlockPool pool;
    /** By block, how many of those that rest hold it: all 0 between two counts. */
    private final int[] holders;

    Resting(KvBlockPool pool) {
        this.pool = pool;
        this.holders = new int[pool.blocks()];
    }

    void add(Sequence s) {
        all.add(s);
    }

    void remove(Sequence s) {
        all.remove(s);
    }

    /** Takes one out that ends, and what it holds. */
    void release(Sequence s) {
        all.remove(s);
        drop(s);
    }

    /** Those that are not in a tenant's queue. */
    void forEach(Consumer<Sequence> each) {
        for (Sequence s : List.copyOf(all)) {
            if (s.state == Sequence.State.RESTING) {
                each.accept(s);
            }
        }
    }

    /**
     * Takes blocks away until so many are free; whether they are. Those of the tenant with the most service go first, and none where all
     * together would not do.
     */
    boolean makeRoom(int wanted, Sequence but) {
        if (pool.free() < wanted && pool.free() + reclaimable(but) < wanted) {
            return false;
        }
        while (pool.free() < wanted) {
            Sequence victim = first(but);
            if (victim == null) {
                return false;
            }
            drop(victim);
        }
        return true;
    }

    /** Blocks that nobody holds but those who rest, all except one. */
    int reclaimable(Sequence but) {
        int n = 0;
        for (Sequence s : all) {
            for (int i = 0; s != but && i < s.table().size(); i++) {
                int block = s.table().block(i);
                n += ++holders[block] == pool.references(block) ? 1 : 0;
            }
        }
        for (Sequence s : all) {
            for (int i = 0; s != but && i < s.table().size(); i++) {
                holders[s.table().block(i)] = 0;
            }
        }
        return n;
    }

    private @Nullable Sequence first(Sequence but) {
        Sequence found = null;
        for (Sequence s : all) {
            if (s != but && s.table().size() > 0
                    && (found == null || Scheduler.tenantOf(s).counter > Scheduler.tenantOf(found).counter)) {
                found = s;
            }
        }
        return found;
    }

    private void drop(Sequence s) {
        if (s.table().size() > 0) {
            Scheduler.tenantOf(s).blocks -= s.table().size();
            s.memory().clear(pool, null);
            s.restore(0);
        }
    }
}
