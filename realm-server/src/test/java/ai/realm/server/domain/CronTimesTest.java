package ai.realm.server.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronTimesTest {
    @ParameterizedTest
    @CsvSource({"* * * * *, 2026-03-01T12:34:56Z, 2026-03-01T12:34:00Z",
            "*/15 * * * *, 2026-03-01T12:34:56Z, 2026-03-01T12:30:00Z",
            "40 * * * *, 2026-03-01T12:34:56Z, 2026-03-01T11:40:00Z", "0 3 * * *, 2026-03-01T02:59:59Z, 2026-02-28T03:00:00Z",
            "0 3 * * *, 2026-03-01T03:00:00Z, 2026-03-01T03:00:00Z",
            "5/20 8-10 * * *, 2026-03-01T12:00:00Z, 2026-03-01T10:45:00Z",
            "0 0 29 2 *, 2026-03-01T00:00:00Z, 2024-02-29T00:00:00Z", "@monthly, 2026-03-31T10:00:00Z, 2026-03-01T00:00:00Z",
            "@weekly, 2026-03-04T10:00:00Z, 2026-03-01T00:00:00Z", "0 12 * * 1-5, 2026-03-01T13:00:00Z, 2026-02-27T12:00:00Z",
            "0 12 * * 7, 2026-03-02T13:00:00Z, 2026-03-01T12:00:00Z", "0 12 13 * 5, 2026-03-14T00:00:00Z, 2026-03-13T12:00:00Z",
            "0 12 13 * 5, 2026-03-08T00:00:00Z, 2026-03-06T12:00:00Z",
            "59 23 31 12 *, 2026-01-01T00:00:00Z, 2025-12-31T23:59:00Z"})
    void last_isTheNewestTimeThatIsNotLater(String text, Instant now, Instant last) {
        assertThat(Instant.ofEpochMilli(CronTimes.of("t", text).last(now.toEpochMilli()))).isEqualTo(last);
    }

    @org.junit.jupiter.api.Test
    void last_ofLists_isTheNewestOfThem() {
        last_isTheNewestTimeThatIsNotLater("10,20,50 1,2 * * *", Instant.parse("2026-03-01T12:00:00Z"),
                Instant.parse("2026-03-01T02:50:00Z"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "* * * *", "* * * * * *", "60 * * * *", "-1 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *",
            "* * * 13 *",
            "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1,,2 * * * *", "0 0 31 2 *", "@never", "1;2 * * * *",
            "999999999999 * * * *"})
    void nonsense_isRefusedAndQuoted(String text) {
        assertThatThrownBy(() -> CronTimes.of("tenant.guest_schedule.x", text)).isInstanceOf(RealmException.class)
                .hasMessageContaining("tenant.guest_schedule.x");
    }
}
