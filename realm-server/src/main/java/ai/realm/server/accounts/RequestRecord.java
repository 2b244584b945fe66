package ai.realm.server.accounts;

import ai.realm.runtime.session.Usage;
import org.jspecify.annotations.Nullable;

/**
 * What one request was and used.
 *
 * @param guest the guest's digest, shortened as in logs
 * @param errorCode null when it ended well
 * @param usage of all its generations, ended well or not
 * @param guestCpuNanos time that guest code ran
 */
public record RequestRecord(String requestId, String tenant, String model, String guest, long begunMillis, long endedMillis,
        int status, String finishReason, @Nullable String errorCode, Usage usage, long guestCpuNanos) {}
