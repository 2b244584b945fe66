package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.Usage;
import ai.realm.server.tenant.ApiKeys;
import ai.realm.server.tenant.Tenant;
import ai.realm.server.tenant.TenantLimits;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What holds for every database: accounts, tenants and guests are kept alike. */
abstract class DatabaseContract {
    private static final LocalDate DAY = LocalDate.of(2026, 3, 1);
    private static final Instant NOON = DAY.atTime(12, 0).toInstant(ZoneOffset.UTC);

    private Database database;
    private Accounts accounts;

    /** An empty database that {@link #reopen} opens again. */
    abstract Database create() throws Exception;

    abstract Database reopen() throws Exception;

    @BeforeEach
    void open() throws Exception {
        database = create();
        accounts = new Accounts(database, Clock.fixed(NOON, ZoneOffset.UTC));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static RequestRecord record(String tenant, String model, Instant end, int prompt, int generated, String error) {
        return new RequestRecord("r-1", tenant, model, "abc", end.toEpochMilli() - 5, end.toEpochMilli(),
                error == null ? 200 : 504,
                "stop", error, new Usage(prompt, 2, generated, 7_000_000_000L), 3_000_000_000L);
    }

    private static Tenant tenant(String id, double weight) {
        return new Tenant(id, "Name of " + id, List.of(ApiKeys.hash(id)), false, List.of("m"), "m", Tenant.DEFAULT_GUEST,
                Map.of("a", "ä\u20ac"), GuestLimits.defaults(), TenantLimits.defaults(), weight, Priority.BATCH);
    }

    @Test
    void usage_ofSeveralDaysTenantsAndModels_isAddedUpForEach() {
        Instant late = DAY.atTime(23, 59, 59).toInstant(ZoneOffset.UTC);
        accounts.record(record("a", "m", NOON, 10, 5, null));
        accounts.record(record("a", "m", late, 1, 1, "DEADLINE_EXCEEDED"));
        accounts.record(record("a", "m", late.plusSeconds(1), 100, 50, null));
        accounts.record(record("a", "n", NOON, 3, 4, null));
        accounts.record(record("b", "m", NOON, 7, 8, null));
        assertThat(accounts.usage("a", DAY, DAY)).containsExactly(
                new UsageRow("a", "2026-03-01", "m", "abc", 2, 1, 11, 4, 6, 6_000_000_000L, 14_000_000_000L),
                new UsageRow("a", "2026-03-01", "n", "abc", 1, 0, 3, 2, 4, 3_000_000_000L, 7_000_000_000L));
        assertThat(accounts.usage(null, DAY, DAY.plusDays(1))).extracting(UsageRow::tenant, UsageRow::date, UsageRow::model)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("a", "2026-03-01", "m"),
                        org.assertj.core.groups.Tuple.tuple("a", "2026-03-01", "n"),
                        org.assertj.core.groups.Tuple.tuple("b", "2026-03-01", "m"),
                        org.assertj.core.groups.Tuple.tuple("a", "2026-03-02", "m"));
        assertThat(accounts.tokensToday("a")).isEqualTo(15 + 2 + 150 + 7);
        assertThat(accounts.tokensToday("nobody")).isZero();
    }

    @Test
    void record_fromManyThreads_losesNone() throws Exception {
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                all.add(pool.submit(() -> accounts.record(record("many", "m", NOON, 1, 2, null))));
            }
            for (Future<?> f : all) {
                f.get();
            }
        }
        assertThat(accounts.usage("many", DAY, DAY)).singleElement()
                .satisfies(r -> assertThat(List.of(r.requests(), r.promptTokens(), r.generatedTokens()))
                        .containsExactly(400L, 400L, 800L));
    }

    @Test
    void everything_afterTheDatabaseIsOpenedAgain_isThere() throws Exception {
        accounts.record(record("a", "m", NOON, 10, 5, null));
        TenantStore.open(database, List.of(tenant("a", 1), tenant("b", 1)));
        new GuestVersions(database).push("a", "digest", new byte[]{0, -1, 39, 92}, 5);
        database.close();
        database = reopen();
        assertThat(new Accounts(database, Clock.systemUTC()).usage("a", DAY, DAY)).hasSize(1);
        assertThat(TenantStore.open(database, List.of())).extracting(Tenant::id).containsExactly("a", "b");
        assertThat(new GuestVersions(database).active("a")).containsExactly(0, -1, 39, 92);
    }

    @Test
    void tenants_putChangedAndRemoved_keepTheirOrder() {
        TenantStore.open(database, List.of(tenant("b", 1), tenant("a", 1)));
        TenantStore.put(database, tenant("c", 1));
        TenantStore.put(database, tenant("b", 2.5));
        TenantStore.remove(database, "a");
        List<Tenant> kept = TenantStore.open(database, List.of(tenant("seed", 1)));
        assertThat(kept).containsExactly(tenant("b", 2.5), tenant("c", 1));
    }

    @Test
    void guests_pushedAndActivated_areOneActiveVersionAtMost() {
        GuestVersions guests = new GuestVersions(database);
        assertThat(guests.push("a", "one", new byte[]{1}, 10)).isEqualTo(1);
        assertThat(guests.push("a", "two", new byte[]{2, 2}, 20)).isEqualTo(2);
        assertThat(guests.push("b", "one", new byte[]{3}, 30)).isEqualTo(1);
        assertThat(guests.active("a")).containsExactly(2, 2);
        guests.activate("a", 1);
        assertThat(guests.list("a")).containsExactly(new GuestVersions.Version(1, "one", 10, true, 1),
                new GuestVersions.Version(2, "two", 20, false, 2));
        guests.activate("a", 0);
        assertThat(guests.active("a")).isNull();
        assertThat(guests.bytes("a", 2)).containsExactly(2, 2);
        guests.forget("a");
        assertThat(guests.list("a")).isEmpty();
        assertThat(guests.active("b")).containsExactly(3);
    }

    @Test
    void guestValues_changedTogether_areKeptByTenantAndKey() {
        GuestValues values = new GuestValues(database);
        byte[] key = {0, -1};
        values.change("a", List.of(new GuestValues.Entry(key, new byte[]{1}), new GuestValues.Entry(new byte[]{5}, new byte[0])));
        values.change("b", List.of(new GuestValues.Entry(key, new byte[]{9})));
        values.change("a", List.of(new GuestValues.Entry(key, new byte[]{2, 3}), new GuestValues.Entry(new byte[]{5}, null)));
        assertThat(values.all("a")).singleElement().satisfies(e -> {
            assertThat(e.key()).containsExactly(0, -1);
            assertThat(e.value()).containsExactly(2, 3);
        });
        values.forget("a");
        assertThat(values.all("a")).isEmpty();
        assertThat(values.all("b")).hasSize(1);
    }

    @Test
    void atomically_whenTheWorkFails_keepsNothingOfIt() {
        assertThatThrownBy(() -> database.atomically(() -> {
            TenantStore.put(database, tenant("half", 1));
            throw new IllegalStateException("no");
        })).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> database.atomically(() -> {
            TenantStore.put(database, tenant("half", 1));
            database.update("INSERT INTO tenants (id, position, json) VALUES ('half', 1, '')");
        })).isInstanceOf(RealmException.class);
        TenantStore.put(database, tenant("whole", 1));
        assertThat(TenantStore.open(database, List.of())).extracting(Tenant::id).containsExactly("whole");
    }
}
