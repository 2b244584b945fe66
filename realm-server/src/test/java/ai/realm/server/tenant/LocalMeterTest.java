package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.error.RetryableException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LocalMeterTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong nanos = new AtomicLong();
    private Instant now = Instant.parse("2026-01-01T23:00:00Z");
    private final LocalMeter meter = new LocalMeter(nanos::get, new Now(), 0);

    private final class Now extends Clock {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private static TenantLimits limits(int rpm, long tpm, long tpd, int concurrent) {
        return new TenantLimits(rpm, tpm, tpd, concurrent, 0, 100, 1000, Duration.ofSeconds(1));
    }

    private static long retryAfter(Runnable call, ErrorCode code) {
        try {
            call.run();
        } catch (RetryableException e) {
            assertThat(e.code()).isEqualTo(code);
            return e.retryAfterSeconds();
        }
        throw new AssertionError("not refused");
    }

    @Test
    void begin_pastTheRequestsAMinute_isRefusedUntilOneIsThereAgain() {
        TenantLimits l = limits(6, 0, 0, 100);
        for (int i = 0; i < 6; i++) {
            meter.begin(l);
        }
        assertThat(retryAfter(() -> meter.begin(l), ErrorCode.RATE_LIMIT_EXCEEDED)).isEqualTo(10);
        nanos.addAndGet(10 * SECOND);
        meter.begin(l);
        assertThatThrownBy(() -> meter.begin(l)).isInstanceOf(RealmException.class);
    }

    @Test
    void begin_pastTheConcurrency_isRefusedUntilOneEnds() {
        TenantLimits l = limits(0, 0, 0, 2);
        meter.begin(l);
        meter.begin(l);
        assertThatThrownBy(() -> meter.begin(l)).hasMessageContaining("2 requests");
        meter.end();
        meter.begin(l);
        assertThat(meter.running()).isEqualTo(2);
    }

    @Test
    void reserve_moreThanAWholeDayHas_isRefusedForGoodWithBothNumbers() {
        TenantLimits l = limits(0, 0, 300, 100);
        meter.begin(l);
        assertThatThrownBy(() -> meter.reserve(l, 301)).isNotInstanceOf(RetryableException.class)
                .hasMessageContaining("301 tokens").hasMessageContaining("300 a day");
        meter.reserve(l, 300);
        assertThat(retryAfter(() -> meter.reserve(l, 1), ErrorCode.INSUFFICIENT_QUOTA)).isPositive();
    }

    @Test
    void reserve_andSettle_chargesWhatWasUsed() {
        TenantLimits l = limits(0, 600, 0, 10);
        meter.reserve(l, 500);
        assertThat(meter.headers(l)).containsEntry("x-ratelimit-remaining-tokens", "100");
        meter.settle(l, 500, 50);
        assertThat(meter.headers(l)).containsEntry("x-ratelimit-remaining-tokens", "550").containsEntry(
                "x-ratelimit-reset-tokens", "5s");
    }

    @Test
    void reserve_ofMoreThanAMinute_waitsForTheFullMinuteOnly() {
        TenantLimits l = limits(0, 100, 0, 10);
        meter.reserve(l, 1000);
        meter.settle(l, 1000, 100);
        assertThat(retryAfter(() -> meter.reserve(l, 1000), ErrorCode.RATE_LIMIT_EXCEEDED)).isEqualTo(60);
        nanos.addAndGet(60 * SECOND);
        meter.reserve(l, 1000);
    }

    @Test
    void quota_ofTheDay_endsAtMidnightUtc() {
        TenantLimits l = limits(0, 0, 100, 10);
        meter.reserve(l, 80);
        assertThat(retryAfter(() -> meter.reserve(l, 30), ErrorCode.INSUFFICIENT_QUOTA)).isEqualTo(3601);
        meter.settle(l, 80, 100);
        assertThat(retryAfter(() -> meter.begin(l), ErrorCode.INSUFFICIENT_QUOTA)).isEqualTo(3601);
        now = now.plus(Duration.ofHours(2));
        meter.begin(l);
    }

    @Test
    void limits_thatChange_applyAtOnce() {
        meter.begin(limits(1, 0, 0, 10));
        TenantLimits more = limits(2, 0, 0, 10);
        meter.begin(more);
        assertThatThrownBy(() -> meter.begin(more)).isInstanceOf(RealmException.class);
        meter.begin(limits(0, 0, 0, 10));
    }

    @Test
    void limit_changedAfterItWasUsed_letsNobodyBeginAnew() {
        for (int i = 0; i < 6; i++) {
            meter.begin(limits(6, 0, 0, 100));
        }
        // One more a minute is one more now, not seven.
        meter.begin(limits(7, 0, 0, 100));
        assertThatThrownBy(() -> meter.begin(limits(7, 0, 0, 100))).isInstanceOf(RealmException.class);
        assertThatThrownBy(() -> meter.begin(limits(3, 0, 0, 100))).isInstanceOf(RealmException.class);
    }

    @Test
    void begin_tenThousandAtAFullBucket_admitsTheLimitAndThenOneForEachPartOfTheMinute() {
        TenantLimits l = limits(100, 0, 0, 100_000);
        int admitted = 0;
        for (int i = 0; i < 10_000; i++) {
            try {
                meter.begin(l);
                admitted++;
            } catch (RetryableException e) {
                // Refused.
            }
            // 10,000 in 1.2 seconds: two hundredths of a minute.
            nanos.addAndGet(120_000);
        }
        assertThat(admitted).isEqualTo(101);
    }
}
