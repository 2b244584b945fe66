package ai.realm.server.tenant;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.error.RetryableException;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What one tenant has used of its limits. Thread-safe; survives a change of the limits, which then apply at once. */
final class TenantMeter {
    private final LongSupplier nanos;
    private final Clock clock;
    private @Nullable TokenBucket requests;
    private @Nullable TokenBucket tokens;
    private int running;
    private long reserved;
    private long usedToday;
    private LocalDate today;

    /** @param usedToday tokens that the accounts already hold for this day */
    TenantMeter(LongSupplier nanos, Clock clock, long usedToday) {
        this.nanos = nanos;
        this.clock = clock;
        this.usedToday = usedToday;
        this.today = LocalDate.now(clock.withZone(ZoneOffset.UTC));
    }

    /** Counts a request in, or says why not. */
    synchronized void begin(TenantLimits limits) {
        long now = apply(limits);
        if (limits.tokensPerDay() > 0 && usedToday >= limits.tokensPerDay()) {
            throw quota(limits, usedToday);
        }
        if (running >= limits.concurrentRequests()) {
            throw new RetryableException(ErrorCode.RATE_LIMIT_EXCEEDED,
                    "at most " + limits.concurrentRequests() + " requests of a tenant may run at the same time", 1);
        }
        if (requests != null) {
            long wait = requests.nanosUntil(1, now);
            if (wait > 0) {
                throw new RetryableException(ErrorCode.RATE_LIMIT_EXCEEDED,
                        "at most " + limits.requestsPerMinute() + " requests a minute", seconds(wait));
            }
            requests.take(1, now);
        }
        running++;
    }

    /** Sets tokens aside for a request that has begun; what it uses is known at its end. */
    synchronized void reserve(TenantLimits limits, long amount) {
        long now = apply(limits);
        if (limits.tokensPerDay() > 0 && usedToday + reserved + amount > limits.tokensPerDay()) {
            throw quota(limits, usedToday + reserved + amount);
        }
        if (tokens != null) {
            long wait = tokens.nanosUntil(amount, now);
            if (wait > 0) {
                throw new RetryableException(ErrorCode.RATE_LIMIT_EXCEEDED, "at most " + limits.tokensPerMinute()
                        + " tokens a minute; this request may need " + amount, seconds(wait));
            }
            tokens.take(amount, now);
        }
        reserved += amount;
    }

    /** Puts what was used in the place of what was reserved. */
    synchronized void settle(TenantLimits limits, long reservedAmount, long used) {
        long now = apply(limits);
        reserved -= reservedAmount;
        usedToday += used;
        if (tokens != null) {
            if (used < reservedAmount) {
                tokens.giveBack(reservedAmount - used, now);
            } else {
                tokens.take(used - reservedAmount, now);
            }
        }
    }

    synchronized void end() {
        running--;
    }

    synchronized int running() {
        return running;
    }

    /** The {@code x-ratelimit-*} headers, for the limits that there are. */
    synchronized Map<String, String> headers(TenantLimits limits) {
        long now = apply(limits);
        Map<String, String> headers = new LinkedHashMap<>();
        describe("requests", requests, now, headers);
        describe("tokens", tokens, now, headers);
        return headers;
    }

    private static void describe(String what, @Nullable TokenBucket bucket, long now, Map<String, String> headers) {
        if (bucket != null) {
            headers.put("x-ratelimit-limit-" + what, Long.toString(bucket.perMinute()));
            headers.put("x-ratelimit-remaining-" + what, Long.toString(bucket.remaining(now)));
            headers.put("x-ratelimit-reset-" + what, seconds(bucket.nanosUntilFull(now)) + "s");
        }
    }

    private long apply(TenantLimits limits) {
        long now = nanos.getAsLong();
        requests = bucket(requests, limits.requestsPerMinute(), now);
        tokens = bucket(tokens, limits.tokensPerMinute(), now);
        LocalDate day = LocalDate.now(clock.withZone(ZoneOffset.UTC));
        if (!day.equals(today)) {
            today = day;
            usedToday = 0;
        }
        return now;
    }

    private static @Nullable TokenBucket bucket(@Nullable TokenBucket old, long perMinute, long now) {
        if (perMinute == 0) {
            return null;
        }
        return old != null && old.perMinute() == perMinute ? old : new TokenBucket(perMinute, now);
    }

    private RealmException quota(TenantLimits limits, long wanted) {
        Duration left = Duration.between(clock.instant(), today.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant());
        return new RetryableException(ErrorCode.INSUFFICIENT_QUOTA,
                "at most " + limits.tokensPerDay() + " tokens a day (UTC); with this request it may be " + wanted,
                left.toSeconds() + 1);
    }

    private static long seconds(long nanoseconds) {
        return Math.ceilDiv(nanoseconds, 1_000_000_000L);
    }
}
