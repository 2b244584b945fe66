package ai.realm.server.tenant;

import ai.realm.core.error.RealmException;
import ai.realm.server.domain.TenantLimits;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A meter of a server that is alone: all it counts is in memory. Thread-safe. */
final class LocalMeter implements Meter {
    private final LongSupplier nanos;
    private final Clock clock;
    private @Nullable TokenBucket requests;
    private @Nullable TokenBucket tokens;
    private int running;
    private long reserved;
    private long usedToday;
    private LocalDate today;

    /** @param usedToday tokens that the accounts already hold for this day */
    LocalMeter(LongSupplier nanos, Clock clock, long usedToday) {
        this.nanos = nanos;
        this.clock = clock;
        this.usedToday = usedToday;
        this.today = LocalDate.now(clock.withZone(ZoneOffset.UTC));
    }

    @Override
    public synchronized void begin(TenantLimits limits) {
        long now = apply(limits);
        if (limits.tokensPerDay() > 0 && usedToday >= limits.tokensPerDay()) {
            throw quota(limits, usedToday);
        }
        if (running >= limits.concurrentRequests()) {
            throw Refusals.concurrency(limits);
        }
        if (requests != null) {
            long wait = requests.nanosUntil(1, now);
            if (wait > 0) {
                throw Refusals.requests(limits, wait);
            }
            requests.take(1, now);
        }
        running++;
    }

    @Override
    public synchronized void reserve(TenantLimits limits, long amount) {
        long now = apply(limits);
        if (limits.tokensPerDay() > 0 && amount > limits.tokensPerDay()) {
            throw Refusals.beyondADay(limits, amount);
        }
        if (limits.tokensPerDay() > 0 && usedToday + reserved + amount > limits.tokensPerDay()) {
            throw quota(limits, usedToday + reserved + amount);
        }
        if (tokens != null) {
            long wait = tokens.nanosUntil(amount, now);
            if (wait > 0) {
                throw Refusals.tokens(limits, amount, wait);
            }
            tokens.take(amount, now);
        }
        reserved += amount;
    }

    @Override
    public synchronized void settle(TenantLimits limits, long reservedAmount, long used) {
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

    @Override
    public synchronized void end() {
        running--;
    }

    @Override
    public synchronized int running() {
        return running;
    }

    @Override
    public synchronized Map<String, String> headers(TenantLimits limits) {
        long now = apply(limits);
        Map<String, String> headers = new LinkedHashMap<>();
        describe("requests", requests, now, headers);
        describe("tokens", tokens, now, headers);
        return headers;
    }

    private static void describe(String what, @Nullable TokenBucket bucket, long now, Map<String, String> headers) {
        if (bucket != null) {
            Refusals.describe(what, bucket.perMinute(), bucket.remaining(now), bucket.nanosUntilFull(now), headers);
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
        if (old == null) {
            return new TokenBucket(perMinute, now);
        }
        old.change(perMinute, now);
        return old;
    }

    private RealmException quota(TenantLimits limits, long wanted) {
        Duration left = Duration.between(clock.instant(), today.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant());
        return Refusals.quota(limits, wanted, left.toSeconds());
    }
}
