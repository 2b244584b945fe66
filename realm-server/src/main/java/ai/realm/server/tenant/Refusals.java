package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.error.RetryableException;
import java.util.Map;

/** What a tenant past one of its limits is told, and those that are not. */
final class Refusals {
    private static final long SECOND = 1_000_000_000L;

    private Refusals() {
    }

    static RetryableException quota(TenantLimits limits, long wanted, long secondsLeft) {
        return new RetryableException(ErrorCode.INSUFFICIENT_QUOTA,
                "at most " + limits.tokensPerDay() + " tokens a day (UTC); with this request it may be " + wanted,
                secondsLeft + 1);
    }

    /** No day has as many: it is no use to wait. */
    static RealmException beyondADay(TenantLimits limits, long amount) {
        return new RealmException(ErrorCode.INSUFFICIENT_QUOTA, "this request may need " + amount + " tokens, and at most "
                + limits.tokensPerDay() + " a day (UTC) are granted to this tenant");
    }

    static RetryableException concurrency(TenantLimits limits) {
        return new RetryableException(ErrorCode.RATE_LIMIT_EXCEEDED,
                "at most " + limits.concurrentRequests() + " requests of a tenant may run at the same time", 1);
    }

    static RetryableException requests(TenantLimits limits, long waitNanos) {
        return new RetryableException(ErrorCode.RATE_LIMIT_EXCEEDED,
                "at most " + limits.requestsPerMinute() + " requests a minute", seconds(waitNanos));
    }

    static RetryableException tokens(TenantLimits limits, long amount, long waitNanos) {
        return new RetryableException(ErrorCode.RATE_LIMIT_EXCEEDED,
                "at most " + limits.tokensPerMinute() + " tokens a minute; this request may need " + amount,
                seconds(waitNanos));
    }

    /** The {@code x-ratelimit-*} headers of one limit. */
    static void describe(String what, long limit, long remaining, long fullInNanos, Map<String, String> headers) {
        headers.put("x-ratelimit-limit-" + what, Long.toString(limit));
        headers.put("x-ratelimit-remaining-" + what, Long.toString(remaining));
        headers.put("x-ratelimit-reset-" + what, seconds(fullInNanos) + "s");
    }

    private static long seconds(long nanoseconds) {
        return Math.ceilDiv(nanoseconds, SECOND);
    }
}
