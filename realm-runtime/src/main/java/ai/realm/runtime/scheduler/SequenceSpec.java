package ai.realm.runtime.scheduler;

import ai.realm.core.model.Adapter;
import ai.realm.core.sampling.Chooser;
import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.SamplerChooser;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A sequence as it is submitted.
 *
 * @param weight of the tenant
 * @param batch whether it comes after the tenant's interactive ones
 * @param prompt at least one token; not copied
 * @param maxTokens generated tokens at most
 * @param deadlineNanos on the engine's clock
 * @param chooser what decides on its tokens and its end; its own
 * @param sharedBlocks first blocks that lie within a shared prefix
 * @param warmUp the engine's or the server's own, before it is ready: not logged, not counted, and nothing of it in the prefix cache
 * @param adapter that the model is used with, or null
 * @param adapterSalt what tells the adapter and its scale from all others
 */
public record SequenceSpec(String requestId, String tenantId, double weight, boolean batch, int[] prompt, int maxTokens,
        long deadlineNanos, Chooser chooser, int sharedBlocks, boolean warmUp, StepLog log,
        Adapter.@Nullable Use adapter, String adapterSalt) {

    /** A sequence of the model as it is, without an adapter. */
    public SequenceSpec(String requestId, String tenantId, double weight, boolean batch, int[] prompt, int maxTokens,
            long deadlineNanos, Chooser chooser, int sharedBlocks, boolean warmUp, StepLog log) {
        this(requestId, tenantId, weight, batch, prompt, maxTokens, deadlineNanos, chooser, sharedBlocks, warmUp, log, null, "");
    }

    /** @param endTokens ids that end it, not part of its output */
    public SequenceSpec(String requestId, String tenantId, double weight, boolean batch, int[] prompt, int maxTokens,
            Set<Integer> endTokens, long deadlineNanos, Sampler sampler, int sharedBlocks, boolean warmUp) {
        this(requestId, tenantId, weight, batch, prompt, maxTokens, deadlineNanos, new SamplerChooser(sampler, endTokens),
                sharedBlocks, warmUp, StepLog.NONE, null, "");
    }

    /** What no other's keys and values are found by: the tenant's, and the adapter's that they are computed with. */
    String salt() {
        return adapter == null ? tenantId : tenantId + "\n" + adapterSalt;
    }
}
