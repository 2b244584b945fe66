package ai.realm.runtime.scheduler;

import ai.realm.runtime.kvcache.StatePool;
import org.jspecify.annotations.Nullable;

/**
 * What the scheduler does for recurrent layers: a slot for every running sequence, checkpoints where a block ends, and prompts cut so
 * that blocks end where chunks do. For a model without such layers it does nothing.
 */
final class RecurrentStates {
    /** Blocks below which a prompt is not cut: to compute it again costs less than a step more. */
    private static final int LEAST_BLOCKS = 4;

    private final @Nullable StatePool pool;
    private final boolean checkpoints;
    private final int blockPositions;

    /** @param checkpoints whether states are kept for others that begin the same */
    RecurrentStates(@Nullable StatePool pool, boolean checkpoints, int blockPositions) {
        this.pool = pool;
        this.checkpoints = checkpoints && pool != null;
        this.blockPositions = blockPositions;
    }

    @Nullable
    StatePool pool() {
        return pool;
    }

    /** Whether one more sequence finds a slot. */
    boolean free() {
        return pool == null || pool.free() > 0;
    }

    /** A sequence begins to run, with this many positions from the prefix cache. */
    void admitted(Sequence s, int cached) {
        if (pool != null) {
            s.memory().restore(pool, s.tokens(), cached, blockPositions);
        }
    }

    void forked(Sequence leader, Sequence s) {
        if (pool != null) {
            s.memory().fork(leader.memory(), pool);
        }
    }

    /** How many of the next {@code most} positions a step should take, so that it ends where a checkpoint is of use. */
    int chunk(Sequence s, int most) {
        int last = (s.length() - 1) / blockPositions * blockPositions;
        if (!checkpoints || s.spec().warmUp() || s.computed() >= last || last < LEAST_BLOCKS * blockPositions) {
            return most;
        }
        int end = Math.min(s.computed() + most, last);
        int shared = s.spec().sharedBlocks() * blockPositions;
        if (s.computed() < shared && shared < end) {
            end = shared;
        }
        int border = end / blockPositions * blockPositions;
        return (border > s.computed() ? border : end) - s.computed();
    }

    /** Positions were computed: keeps the state where a block has ended. */
    void computed(Sequence s) {
        if (pool != null && checkpoints && !s.spec().warmUp() && s.computed() % blockPositions == 0) {
            s.memory().checkpoint(pool, s.tokens(), s.computed(), blockPositions, s.computed() > s.promptLength());
        }
    }

    /** Hands over what must be copied before the step; an empty plan is not carried out, and its copies wait. */
    void plan(StepPlan plan) {
        if (pool != null && !plan.isEmpty()) {
            plan.moves(pool.takeMoves());
        }
    }
}
