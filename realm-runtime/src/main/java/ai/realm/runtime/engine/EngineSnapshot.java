package ai.realm.runtime.engine;

/**
 * An engine's state after a step, and its counters since it was started.
 *
 * @param running sequences with KV blocks
 * @param waiting sequences in the queue
 * @param kvBlocks blocks of the pool
 * @param kvBlocksUsed blocks that sequences hold; what only the prefix cache holds counts as free
 * @param prefixQueries prompt tokens looked up in the prefix cache
 * @param prefixHits those of them that were found
 * @param preemptions sequences that lost their blocks and were computed again
 * @param steps forward passes
 * @param stepNanos time in steps, all together
 * @param forwardedTokens positions computed, those after a preemption included
 * @param draftTokens guesses that were computed
 * @param acceptedDraftTokens those of them that were right
 */
public record EngineSnapshot(String model, int running, int waiting, int kvBlocks, int kvBlocksUsed, int blockPositions,
        long prefixQueries, long prefixHits, long preemptions, long steps, long stepNanos, long forwardedTokens,
        long draftTokens, long acceptedDraftTokens) {

    /** Used part of the KV memory, 0 to 1. */
    public double kvUsage() {
        return kvBlocks == 0 ? 0 : (double) kvBlocksUsed / kvBlocks;
    }
}
