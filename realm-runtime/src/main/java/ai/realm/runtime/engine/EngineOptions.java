package ai.realm.runtime.engine;

import ai.realm.core.kernel.KvType;
import java.time.Duration;
import java.util.List;

/**
 * How one model's engine is run.
 *
 * @param kvBytes KV memory of a model, fixed when it is loaded; 0 for as much as {@code maxRunning} full sequences need, within the
 *        memory that is there
 * @param blockPositions positions in a KvBlock; a power of two
 * @param maxRunning sequences that run at the same time
 * @param maxWaiting sequences that wait at most, of all tenants; one tenant alone gets 4/5 of it
 * @param tokenBudget tokens in a step at most; bounds the time of a step, and so how long a newcomer waits for the one under way
 * @param gap what a step should take at most that has chunks of prompts beside others who decode; zero for any time
 * @param unreadTokens tokens that a sequence may be ahead of its reader before it is paused
 * @param slowReaderLimit how long a sequence stays paused before it is cancelled
 * @param prefixCache whether full blocks are kept for prompts that begin the same
 * @param sharedPrefixes beginnings of prompts, as raw text with special tokens, that all tenants may hit in the prefix cache
 * @param drafts whether tokens are guessed, from text that came before and from what a grammar forces, and verified together
 */
public record EngineOptions(KvType kvType, long kvBytes, int blockPositions, int maxRunning, int maxWaiting, int tokenBudget,
        Duration gap, int unreadTokens, Duration slowReaderLimit, boolean prefixCache, List<String> sharedPrefixes,
        boolean drafts) {

    public EngineOptions {
        require(kvBytes >= 0, "KV bytes must be 0 (automatic) or more", kvBytes);
        require(blockPositions >= 1 && Integer.bitCount(blockPositions) == 1, "positions in a block must be a power of two",
                blockPositions);
        require(maxRunning >= 1, "running sequences must be at least 1", maxRunning);
        require(maxWaiting >= 1, "waiting sequences must be at least 1", maxWaiting);
        require(tokenBudget >= maxRunning, "the token budget must be at least the running sequences, " + maxRunning, tokenBudget);
        require(!gap.isNegative(), "the bound on gaps must be 0 or more", gap.toMillis());
        require(unreadTokens >= 1, "unread tokens must be at least 1", unreadTokens);
        sharedPrefixes = List.copyOf(sharedPrefixes);
    }

    private static void require(boolean ok, String rule, long value) {
        if (!ok) {
            throw new IllegalArgumentException(rule + ", not " + value);
        }
    }

    public static EngineOptions defaults() {
        return new EngineOptions(KvType.F16, 0, 32, 32, 512, 256, Duration.ofMillis(100), 64, Duration.ofSeconds(30), true,
                List.of(), true);
    }

    public EngineOptions withKv(KvType type, long bytes) {
        return new EngineOptions(type, bytes, blockPositions, maxRunning, maxWaiting, tokenBudget, gap, unreadTokens,
                slowReaderLimit,
                prefixCache, sharedPrefixes, drafts);
    }

    public EngineOptions withLimits(int running, int waiting, int budget) {
        return new EngineOptions(kvType, kvBytes, blockPositions, running, waiting, budget, gap, unreadTokens, slowReaderLimit,
                prefixCache, sharedPrefixes, drafts);
    }

    public EngineOptions withGap(Duration bound) {
        return new EngineOptions(kvType, kvBytes, blockPositions, maxRunning, maxWaiting, tokenBudget, bound, unreadTokens,
                slowReaderLimit,
                prefixCache, sharedPrefixes, drafts);
    }

    public EngineOptions withReader(int unread, Duration limit) {
        return new EngineOptions(kvType, kvBytes, blockPositions, maxRunning, maxWaiting, tokenBudget, gap, unread, limit,
                prefixCache,
                sharedPrefixes, drafts);
    }

    public EngineOptions withPrefixCache(boolean on, List<String> shared) {
        return new EngineOptions(kvType, kvBytes, blockPositions, maxRunning, maxWaiting, tokenBudget, gap, unreadTokens,
                slowReaderLimit, on, shared, drafts);
    }

    public EngineOptions withDrafts(boolean on) {
        return new EngineOptions(kvType, kvBytes, blockPositions, maxRunning, maxWaiting, tokenBudget, gap, unreadTokens,
                slowReaderLimit, prefixCache, sharedPrefixes, on);
    }
}
