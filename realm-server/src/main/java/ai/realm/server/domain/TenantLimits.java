package ai.realm.server.domain;

import java.time.Duration;

/**
 * What one tenant may use; 0 means unlimited for the four rates.
 *
 * @param requestsPerMinute requests a minute
 * @param tokensPerMinute prompt and generated tokens a minute
 * @param tokensPerDay prompt and generated tokens in a day of UTC
 * @param concurrentRequests requests at the same time
 * @param contextLength tokens that a prompt and its answer may have together; 0 for what the model can
 * @param maxTokens the most that {@code max_tokens} may be
 * @param bodyBytes size of a request's body
 * @param deadline from a request's first byte to its answer's last
 * @param storage what it may keep
 */
public record TenantLimits(int requestsPerMinute, long tokensPerMinute, long tokensPerDay, int concurrentRequests,
        int contextLength, int maxTokens, int bodyBytes, Duration deadline, StorageLimits storage) {

    /** With what a tenant may keep by default. */
    public TenantLimits(int requestsPerMinute, long tokensPerMinute, long tokensPerDay, int concurrentRequests, int contextLength,
            int maxTokens, int bodyBytes, Duration deadline) {
        this(requestsPerMinute, tokensPerMinute, tokensPerDay, concurrentRequests, contextLength, maxTokens, bodyBytes, deadline,
                StorageLimits.defaults());
    }

    /** {@link #contextLength}, or more than any context when there is no limit. */
    public int contextLimit() {
        return contextLength == 0 ? Integer.MAX_VALUE : contextLength;
    }

    public static TenantLimits defaults() {
        return new TenantLimits(0, 0, 0, 64, 0, 4096, 1 << 20, Duration.ofSeconds(300));
    }
}
