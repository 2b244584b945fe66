package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.BudgetTable;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.config.DatabaseSettings;
import ai.realm.server.domain.TenantLimits;
import ai.realm.testkit.PostgresServer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Limits of a tenant that three servers share by a real PostgreSQL database. */
@Tag("postgresql")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PostgresLimitsTest {
    private static PostgresServer server;
    private static final List<Database> DATABASES = new ArrayList<>();
    private final List<SharedMeters> servers = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start();
        server.createDatabase("realm");
        for (int i = 0; i < 3; i++) {
            DATABASES.add(Database.connect(new DatabaseSettings(server.url("realm"), server.user(), server.password(), 4),
                    Duration.ZERO));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        DATABASES.forEach(Database::close);
        server.close();
    }

    @AfterEach
    void leave() {
        servers.forEach(SharedMeters::close);
    }

    private static Accounts accounts(Database database) {
        return new Accounts(database, Clock.systemUTC());
    }

    private List<Meter> meters(String tenant) {
        return DATABASES.stream().map(d -> {
            SharedMeters meters = new SharedMeters(new BudgetTable(d, accounts(d)), System::nanoTime);
            servers.add(meters);
            return meters.of(tenant);
        }).toList();
    }

    private static TenantLimits limits(int requests, long day, int places) {
        return new TenantLimits(requests, 0, day, places, 0, 100, 1000, Duration.ofSeconds(1));
    }

    private static boolean admits(Runnable call) {
        try {
            call.run();
            return true;
        } catch (RealmException e) {
            assertThat(e.code()).isIn(ErrorCode.RATE_LIMIT_EXCEEDED, ErrorCode.INSUFFICIENT_QUOTA);
            return false;
        }
    }

    @Test
    void requests_tenThousandAtOnce_areAdmittedUpToTheLimitOfAMinute() throws Exception {
        int limit = 3_000;
        TenantLimits l = limits(limit, 0, 100_000);
        List<Meter> meters = meters("flooding");
        AtomicLong admitted = new AtomicLong();
        long begun = System.nanoTime();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < 30; client++) {
                Meter at = meters.get(client % 3);
                all.add(pool.submit(() -> {
                    for (int i = 0; i < 334; i++) {
                        if (admits(() -> at.begin(l))) {
                            admitted.incrementAndGet();
                            at.end();
                        }
                    }
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        }
        double refilled = (System.nanoTime() - begun) / 60e9 * limit;
        assertThat(admitted.get()).as("of 10,020; the bucket has filled by %s meanwhile", refilled)
                .isBetween(limit / 2L, limit + 1 + (long) refilled);
        assertThat(servers.stream().mapToLong(SharedMeters::exchanges).sum()).as("orders for 10,020 requests")
                .isLessThan(5_000);
    }

    @Test
    void requests_twelveAMinute_areTwelve() {
        TenantLimits l = limits(12, 0, 64);
        List<Meter> meters = meters("twelve");
        int admitted = 0;
        long begun = System.nanoTime();
        for (int i = 0; i < 30; i++) {
            Meter at = meters.get(i % 3);
            if (admits(() -> at.begin(l))) {
                admitted++;
                at.end();
            }
        }
        assertThat(admitted).isBetween(12, 12 + (int) ((System.nanoTime() - begun) / 5e9));
    }

    @Test
    void places_ofTwo_areNeverThree() throws Exception {
        TenantLimits l = limits(0, 0, 2);
        List<Meter> meters = meters("narrow");
        AtomicLong running = new AtomicLong();
        AtomicLong most = new AtomicLong();
        AtomicLong admitted = new AtomicLong();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (Meter at : meters) {
                all.add(pool.submit(() -> {
                    for (int i = 0; i < 60; i++) {
                        if (admits(() -> at.begin(l))) {
                            admitted.incrementAndGet();
                            most.accumulateAndGet(running.incrementAndGet(), Math::max);
                            running.decrementAndGet();
                            at.end();
                        }
                    }
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
        }
        assertThat(most.get()).isLessThanOrEqualTo(2);
        assertThat(admitted.get()).isPositive();
    }

    @Test
    void tokensOfADay_startWithWhatTheAccountsKnow() {
        long now = System.currentTimeMillis();
        accounts(DATABASES.getFirst()).record(new RequestRecord("r", "daily", "m", "g", now, now, 200, "stop", null,
                new Usage(150, 0, 50, 0), 0));
        TenantLimits l = limits(0, 300, 64);
        List<Meter> meters = meters("daily");
        assertThat(admits(() -> meters.get(0).reserve(l, 101))).isFalse();
        meters.get(1).reserve(l, 60);
        assertThat(admits(() -> meters.get(2).reserve(l, 60))).isFalse();
        meters.get(2).reserve(l, 40);
    }
}
