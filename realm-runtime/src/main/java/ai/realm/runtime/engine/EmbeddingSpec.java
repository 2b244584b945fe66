package ai.realm.runtime.engine;

import ai.realm.runtime.scheduler.StepLog;
import java.util.List;

/**
 * The texts of one request, ready for an {@link EmbeddingEngine}.
 *
 * @param tenantId opaque: the fair share
 * @param weight the tenant's share beside others that want the engine
 * @param texts token ids, each within the encoder's length and vocabulary
 * @param deadlineNanos on the engine's clock
 */
public record EmbeddingSpec(String requestId, String tenantId, double weight, List<int[]> texts, long deadlineNanos,
        StepLog log) {
    public EmbeddingSpec {
        texts = List.copyOf(texts);
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("there must be at least one text to embed");
        }
    }
}
