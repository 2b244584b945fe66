package ai.realm.runtime.scheduler;

import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.SamplingParams;
import java.util.Set;

/**
 * A sequence as it is submitted.
 *
 * @param weight of the tenant
 * @param batch whether it comes after the tenant's interactive ones
 * @param prompt at least one token; not copied
 * @param maxTokens generated tokens at most
 * @param endTokens ids that end it, not part of its output
 * @param deadlineNanos on the engine's clock
 * @param sharedBlocks first blocks that lie within a shared prefix
 * @param promptLogProbs alternatives wanted with the log-probability of each token of the prompt, 0 for that alone; -1 for none
 * @param warmUp the engine's or the server's own, before it is ready: not logged, not counted, and nothing of it in the prefix cache
 */
public record SequenceSpec(String requestId, String tenantId, double weight, boolean batch, int[] prompt, int maxTokens,
        Set<Integer> endTokens, long deadlineNanos, Sampler sampler, int sharedBlocks, int promptLogProbs, boolean warmUp,
        StepLog log) {

    public SequenceSpec(String requestId, String tenantId, double weight, boolean batch, int[] prompt, int maxTokens,
            Set<Integer> endTokens, long deadlineNanos, Sampler sampler, int sharedBlocks, boolean warmUp) {
        this(requestId, tenantId, weight, batch, prompt, maxTokens, endTokens, deadlineNanos, sampler, sharedBlocks,
                SamplingParams.NO_LOG_PROBS, warmUp, StepLog.NONE);
    }
}
