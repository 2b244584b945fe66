package ai.realm.server.accounts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.Usage;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.TenantJson;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.domain.StorageLimits;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.groups.Tuple;
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

    /** A connection to another, empty database, which {@link #reopen} opens from now on. */
    abstract Connection raw() throws Exception;

    private final Dialect dialect;
    private TenantStore tenants;

    DatabaseContract(Dialect dialect) {
        this.dialect = dialect;
    }

    @BeforeEach
    void open() throws Exception {
        database = create();
        use(database);
    }

    private void use(Database opened) {
        database = opened;
        accounts = new Accounts(opened, Clock.fixed(NOON, ZoneOffset.UTC));
        tenants = new TenantStore(opened);
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
                .containsExactly(Tuple.tuple("a", "2026-03-01", "m"),
                        Tuple.tuple("a", "2026-03-01", "n"),
                        Tuple.tuple("b", "2026-03-01", "m"),
                        Tuple.tuple("a", "2026-03-02", "m"));
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
        tenants.open(List.of(tenant("a", 1), tenant("b", 1)));
        new GuestVersions(database).push("a", "digest", new byte[]{0, -1, 39, 92}, 5);
        database.close();
        use(reopen());
        assertThat(accounts.usage("a", DAY, DAY)).hasSize(1);
        assertThat(tenants.open(List.of()).tenants()).extracting(Tenant::id).containsExactly("a", "b");
        assertThat(new GuestVersions(database).active("a")).containsExactly(0, -1, 39, 92);
    }

    @Test
    void tenants_createdChangedAndRemoved_keepTheirOrder() {
        tenants.open(List.of(tenant("b", 1), tenant("a", 1)));
        assertThat(tenants.create(tenant("c", 1))).isTrue();
        assertThat(tenants.create(tenant("c", 7))).isFalse();
        assertThat(tenants.update("b", 1, TenantJson.of(tenant("b", 2.5)))).isTrue();
        assertThat(tenants.remove("a", 1)).isTrue();
        assertThat(tenants.open(List.of(tenant("seed", 1))).tenants()).containsExactly(tenant("b", 2.5), tenant("c", 1));
    }

    @Test
    void update_ofAVersionThatIsNotTheNewest_changesNothing() {
        tenants.create(tenant("a", 1));
        assertThat(tenants.find("a").version()).isEqualTo(1);
        assertThat(tenants.update("a", 1, TenantJson.of(tenant("a", 2)))).isTrue();
        assertThat(tenants.update("a", 1, TenantJson.of(tenant("a", 3)))).isFalse();
        assertThat(tenants.remove("a", 1)).isFalse();
        assertThat(tenants.find("a").version()).isEqualTo(2);
        assertThat(tenants.tenant("a")).isEqualTo(tenant("a", 2));
        assertThat(tenants.find("nobody")).isNull();
        assertThat(tenants.find("a\0b")).isNull();
    }

    @Test
    void seeds_onceAllTenantsAreRemoved_doNotComeBack() throws Exception {
        tenants.open(List.of(tenant("a", 1)));
        tenants.remove("a", 1);
        database.close();
        use(reopen());
        assertThat(tenants.open(List.of(tenant("a", 1))).tenants()).isEmpty();
    }

    @Test
    void keptTenant_withWhatANewerReleasePutThere_isReadAndKeepsIt() {
        tenants.create(tenant("a", 1));
        ObjectNode json = tenants.find("a").json().put("colour", "blue");
        json.withObject("/limits").put("images_per_day", 3);
        tenants.update("a", 1, json);
        assertThat(tenants.tenant("a")).isEqualTo(tenant("a", 1));
        assertThat(tenants.find("a").json().path("colour").asText()).isEqualTo("blue");
    }

    @Test
    void keptTenant_thatCannotBeRead_isLeftOutAndTheOthersAreServed() {
        tenants.open(List.of(tenant("a", 1), tenant("b", 1)));
        database.update("UPDATE tenants SET json = '{' WHERE id = 'a'");
        assertThat(tenants.open(List.of()).tenants()).extracting(Tenant::id).containsExactly("b");
        assertThatThrownBy(() -> tenants.find("a")).hasMessageContaining("tenant a in the table tenants");
    }

    @Test
    void changes_ofAllThatServersHoldACopyOf_areToldInOrder() {
        ChangeLog log = new ChangeLog(database);
        long seen = tenants.open(List.of(tenant("a", 1))).seen();
        assertThat(log.since(seen)).isEmpty();
        tenants.update("a", 1, TenantJson.of(tenant("a", 2)));
        new GuestVersions(database).push("a", "digest", new byte[]{1}, 5);
        ModelTable.put(database, "m", new ModelEntry(Path.of("/m.gguf"), 0, null, null, false));
        database.update("DELETE FROM tenants WHERE id = 'a'");
        assertThat(log.since(seen)).extracting(ChangeLog.Change::table, ChangeLog.Change::name).containsExactly(
                Tuple.tuple("tenants", "a"), Tuple.tuple("guests", "a"), Tuple.tuple("models", "m"), Tuple.tuple("tenants", "a"));
        assertThat(log.span().newest()).isEqualTo(log.since(seen).getLast().seq());
    }

    @Test
    void changes_whenThereAreMany_keepTheNewest() {
        ChangeLog log = new ChangeLog(database);
        tenants.create(tenant("a", 1));
        database.atomically(() -> {
            for (int i = 0; i < 11_500; i++) {
                database.update("INSERT INTO changes (kind, name) VALUES ('tenants', 'a')");
            }
        });
        long newest = log.span().newest();
        assertThat(log.since(newest - 2_000)).hasSize(2_000);
        assertThat(log.span().newest()).isEqualTo(newest);
        assertThat(newest - log.span().oldest()).isEqualTo(10_000);
    }

    @Test
    void push_ofSeveralAtOnce_givesEachItsVersion() throws Exception {
        GuestVersions guests = new GuestVersions(database);
        Set<Integer> versions = new HashSet<>();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                byte[] wasm = {(byte) i};
                all.add(pool.submit(() -> guests.push("a", "digest", wasm, 5)));
            }
            for (Future<Integer> f : all) {
                versions.add(f.get());
            }
        }
        assertThat(versions).hasSize(12);
        assertThat(guests.list("a").stream().filter(GuestVersions.Version::active)).hasSize(1);
    }

    @Test
    void claim_isOneServersUntilItsTimeIsOver_andNobodysOnceItIsDone() {
        assertThat(accounts.claim("a notice", Duration.ZERO)).isTrue();
        assertThat(accounts.claim("a notice", Duration.ofHours(1))).isTrue();
        assertThat(accounts.claim("a notice", Duration.ZERO)).isFalse();
        assertThat(accounts.claim("another", Duration.ZERO)).isTrue();
        accounts.done("another");
        assertThat(accounts.claim("another", Duration.ZERO)).isFalse();
    }

    @Test
    void guestVersions_areBoundedByCountAndBytes_theActiveAndTheNewestStay() {
        GuestVersions guests = new GuestVersions(database, 4, 100);
        for (int i = 1; i <= 6; i++) {
            assertThat(guests.push("a", "d" + i, new byte[10], i)).isEqualTo(i);
        }
        guests.push("b", "d", new byte[10], 1);
        assertThat(guests.list("a")).extracting(GuestVersions.Version::version).containsExactly(3, 4, 5, 6);
        assertThat(guests.activate("a", 3)).isTrue();
        guests.push("a", "d7", new byte[95], 7);
        assertThat(guests.list("a")).extracting(GuestVersions.Version::version).containsExactly(6, 7);
        guests.push("a", "d8", new byte[200], 8);
        assertThat(guests.list("a")).extracting(GuestVersions.Version::version).containsExactly(7, 8);
        assertThat(guests.list("b")).hasSize(1);
    }

    @Test
    void guestValue_isSwappedOnlyForWhatIsExpected() {
        GuestValues values = new GuestValues(database);
        byte[] key = {0, -1};
        assertThat(values.swap("a", key, new byte[]{1}, new byte[]{2}, 0)).isFalse();
        assertThat(values.swap("a", key, null, null, 0)).isTrue();
        assertThat(values.swap("a", key, null, new byte[]{1}, 0)).isTrue();
        assertThat(values.swap("a", key, null, new byte[]{2}, 0)).isFalse();
        assertThat(values.swap("a", key, null, null, 0)).isFalse();
        assertThat(values.swap("a", key, new byte[]{2}, new byte[]{3}, 0)).isFalse();
        assertThat(values.swap("a", key, new byte[]{1}, new byte[]{3}, 0)).isTrue();
        assertThat(values.get("a", key, 0).bytes()).containsExactly(3);
        assertThat(values.swap("a", key, new byte[]{1}, null, 0)).isFalse();
        assertThat(values.swap("a", key, new byte[]{3}, null, 0)).isTrue();
        assertThat(values.get("a", key, 0)).isNull();
    }

    @Test
    void guestValue_thatIsThereForATime_isGoneAfterIt() {
        GuestValues values = new GuestValues(database);
        byte[] key = {1};
        values.change("a",
                List.of(new GuestValues.Entry(key, new byte[]{1}, 100), new GuestValues.Entry(new byte[]{2}, new byte[]{2})));
        assertThat(values.get("a", key, 99)).isNotNull();
        assertThat(values.swap("a", key, new byte[]{1}, new byte[]{3}, 99)).isTrue();
        assertThat(values.get("a", key, 99).endMillis()).as("as before").isEqualTo(100);
        assertThat(values.get("a", key, 100)).isNull();
        assertThat(values.swap("a", key, new byte[]{3}, new byte[]{4}, 100)).as("it is not there").isFalse();
        assertThat(values.list("a", new byte[0], new byte[0], 10, 100)).hasSize(1);
        assertThat(values.swap("a", key, null, new byte[]{4}, 100)).as("a new one in its place").isTrue();
        assertThat(values.swap("a", key, null, new byte[]{5}, 100)).isFalse();
        assertThat(values.get("a", key, 1000).bytes()).containsExactly(4);
        values.change("a", List.of(new GuestValues.Entry(key, new byte[]{1}, 100)));
        assertThat(values.all("a", 100)).hasSize(1);
        assertThat(values.get("a", key, 0)).as("forgotten").isNull();
    }

    @Test
    void guestKeys_areListedInTheOrderOfTheirBytes_withinTheirTenantAndPrefix() {
        GuestValues values = new GuestValues(database);
        for (byte[] key : new byte[][]{{1}, {1, -1}, {1, 0}, {1, 127}, {2}, {-1}, {-1, -1, 5}}) {
            values.change("a", List.of(new GuestValues.Entry(key, new byte[key.length])));
        }
        values.change("b", List.of(new GuestValues.Entry(new byte[]{1, 5}, new byte[1])));
        assertThat(values.list("a", new byte[]{1}, new byte[0], 10, 0)).extracting(GuestValues.Listed::key).containsExactly(
                new byte[]{1}, new byte[]{1, 0}, new byte[]{1, 127}, new byte[]{1, -1});
        assertThat(values.list("a", new byte[]{1}, new byte[]{1, 0}, 1, 0)).singleElement()
                .satisfies(l -> assertThat(l.key()).containsExactly(1, 127))
                .satisfies(l -> assertThat(l.valueBytes()).isEqualTo(2));
        assertThat(values.list("a", new byte[]{-1}, new byte[0], 10, 0)).hasSize(2);
        assertThat(values.list("a", new byte[0], new byte[]{2}, 10, 0)).hasSize(2);
        assertThat(values.list("c", new byte[0], new byte[0], 10, 0)).isEmpty();
    }

    @Test
    void guestVersions_stagedAndShared_stayAndAreNotActive() {
        GuestVersions guests = new GuestVersions(database, 2, 1000);
        guests.push("a", "one", new byte[1], 1);
        assertThat(guests.push("a", "two", new byte[1], 2, false)).isEqualTo(2);
        assertThat(guests.activeDigest("a")).isEqualTo("one");
        assertThat(guests.share("a", List.of(new GuestVersions.Share(1, 90), new GuestVersions.Share(3, 10)))).as("no such")
                .isFalse();
        assertThat(guests.shares("a")).isEmpty();
        assertThat(guests.share("a", List.of(new GuestVersions.Share(1, 90), new GuestVersions.Share(2, 10)))).isTrue();
        guests.push("a", "three", new byte[1], 3, false);
        guests.push("a", "four", new byte[1], 4, false);
        assertThat(guests.list("a")).extracting(GuestVersions.Version::version).as("those with shares stay").containsExactly(1, 2,
                3, 4);
        assertThat(guests.tenantsWithShares()).containsExactly("a");
        assertThat(guests.activate("a", 2)).isTrue();
        assertThat(guests.shares("a")).as("the active one gets all").isEmpty();
        guests.share("a", List.of(new GuestVersions.Share(1, 100)));
        guests.push("a", "five", new byte[1], 5);
        assertThat(guests.shares("a")).isEmpty();
        long seen = new ChangeLog(database).span().newest();
        guests.share("a", List.of(new GuestVersions.Share(5, 100)));
        assertThat(new ChangeLog(database).since(seen)).as("other servers learn of it").isNotEmpty();
    }

    /** Lines of the server itself name no guest. */
    @Test
    void guestLogs_giveBackThePlaceOfEachLine() {
        GuestLogs logs = new GuestLogs(database, new MovedClock());
        for (int i = 0; i < 6; i++) {
            for (int n = 0; n < 1000; n++) {
                logs.line("a", "", "", 1, "line " + i);
            }
            logs.flush();
        }
        assertThat(logs.newest("a", 0, 1)).extracting(GuestLogs.Line::text).containsExactly("line 5");
    }

    @Test
    void guestLogs_thatTheDatabaseRefuses_areLost_andNobodyElsesAre() {
        GuestLogs logs = new GuestLogs(database, new MovedClock());
        logs.line("a", "r", "digest", 1, "a\0b");
        logs.line("b", "r", "digest", 1, "theirs");
        assertThat(logs.newest("b", 0, 10)).extracting(GuestLogs.Line::text).containsExactly("theirs");
        logs.line("a", "r", "digest", 1, "the next");
        assertThat(logs.newest("a", 0, 10)).extracting(GuestLogs.Line::text).containsExactly("the next");
    }

    @Test
    void guestLogs_areTheNewestOfTheirTenant_andAFloodIsCut() {
        MovedClock clock = new MovedClock();
        GuestLogs logs = new GuestLogs(database, clock);
        logs.line("b", "r", "other", 0, "theirs");
        for (int i = 0; i < GuestLogs.KEPT + 5; i++) {
            logs.line("a", "r" + i, "digest", 2, "line " + i);
        }
        List<GuestLogs.Line> newest = logs.newest("a", 0, 3);
        assertThat(newest).extracting(GuestLogs.Line::text).containsExactly("line 1004", "line 1003", "line 1002");
        assertThat(newest.getFirst().requestId()).isEqualTo("r1004");
        assertThat(logs.newest("a", newest.get(1).seq(), 10)).extracting(GuestLogs.Line::text).containsExactly("line 1004");
        assertThat(logs.newest("a", 0, 5000)).hasSize(GuestLogs.KEPT);
        assertThat(new GuestLogs(database, clock).newest("b", 0, 10)).as("by another server").extracting(GuestLogs.Line::text)
                .containsExactly("theirs");
        for (int i = 0; i < 10_000; i++) {
            logs.line("a", "r", "digest", 2, "flood");
        }
        logs.line("b", "r", "other", 2, "still there");
        assertThat(logs.newest("b", 0, 1)).extracting(GuestLogs.Line::text).containsExactly("still there");
        assertThat(logs.newest("a", 0, 1).getFirst().text()).matches("\\d+ lines are left out, as they came too fast");
        tenants.create(tenant("a", 1));
        assertThat(logs.newest("a", 0, 10)).as("of an earlier tenant of the id").isEmpty();
    }

    @Test
    void guestRun_isOneServers_andLeftOutWhileTheOneBeforeGoesOn() {
        MovedClock clock = new MovedClock();
        GuestRuns runs = new GuestRuns(database, clock);
        long noon = database.millis(clock);
        runs.note("a", "n");
        runs.note("a", "n");
        Duration most = Duration.ofSeconds(30);
        assertThat(runs.claim("a", "n", noon - 1, "one", most)).as("before it was known").isEqualTo(GuestRuns.Claim.TAKEN);
        assertThat(runs.claim("a", "n", noon + 60_000, "one", most)).isEqualTo(GuestRuns.Claim.MINE);
        assertThat(runs.claim("a", "n", noon + 60_000, "two", most)).isEqualTo(GuestRuns.Claim.TAKEN);
        assertThat(runs.claim("a", "n", noon + 61_000, "two", most)).as("it overruns").isEqualTo(GuestRuns.Claim.SKIPPED);
        assertThat(runs.claim("a", "n", noon + 61_000, "one", most)).isEqualTo(GuestRuns.Claim.TAKEN);
        runs.end("a", "n", "two");
        assertThat(runs.claim("a", "n", noon + 62_000, "two", most)).as("another's end").isEqualTo(GuestRuns.Claim.SKIPPED);
        runs.end("a", "n", "one");
        assertThat(runs.claim("a", "n", noon + 63_000, "two", most)).isEqualTo(GuestRuns.Claim.MINE);
        leasesPass(30);
        assertThat(runs.claim("a", "n", noon + 64_000, "one", most)).as("its server is gone").isEqualTo(GuestRuns.Claim.MINE);
    }

    /** As the first release made it: tables without versions, and a row in each. */
    private void makeFirstRelease() throws Exception {
        try (Connection c = raw(); Statement s = c.createStatement()) {
            Migrations.migrate(c, dialect, 1);
            s.execute("DROP TABLE schema_versions");
            s.execute("INSERT INTO tenants (id, position, json) VALUES ('a', 1, '" + TenantJson.of(tenant("a", 2)) + "')");
            s.execute("INSERT INTO guests (tenant, version, digest, pushed_ms, active, wasm) VALUES ('a', 1, 'd', 5, 1, '')");
            s.execute("INSERT INTO models (name, json) VALUES ('m', '{\"file\":\"/m.gguf\"}')");
            for (String error : new String[]{"NULL", "'GUEST_FAILED'", "NULL"}) {
                s.execute(
                        """
                                INSERT INTO requests (request_id, tenant, model, guest, begun_ms, ended_ms, status, finish_reason, error_code,
                                  prompt_tokens, cached_tokens, generated_tokens, guest_cpu_ns, engine_ns)
                                VALUES ('r', 'a', 'm', 'd', 1, %d, 200, 'stop', %s, 10, 2, 3, 4, 5)"""
                                .formatted(NOON.toEpochMilli(), error));
            }
        }
    }

    @Test
    void open_ofADatabaseOfTheFirstRelease_keepsEverything() throws Exception {
        makeFirstRelease();
        database.close();
        use(reopen());
        assertThat(tenants.open(List.of(tenant("seed", 1))).tenants()).containsExactly(tenant("a", 2));
        assertThat(tenants.find("a").version()).isEqualTo(1);
        assertThat(new GuestVersions(database).activeDigest("a")).isEqualTo("d");
        assertThat(ModelTable.all(database)).containsOnlyKeys("m");
        assertThat(accounts.usage(null, DAY, DAY))
                .containsExactly(new UsageRow("a", "2026-03-01", "m", "d", 3, 1, 30, 6, 9, 12, 15));
        accounts.record(record("a", "m", NOON, 10, 5, null));
        assertThat(accounts.tokensToday("a")).isEqualTo(30 + 9 + 15);
    }

    @Test
    void firstRelease_besideThisOne_goesOnWritingWhatThisOneSees() throws Exception {
        makeFirstRelease();
        database.close();
        use(reopen());
        long seen = tenants.open(List.of()).seen();
        database.update(
                "INSERT INTO tenants (id, position, json) VALUES ('a', (SELECT coalesce(max(position), 0) + 1 FROM tenants), ?) "
                        + "ON CONFLICT (id) DO UPDATE SET json = excluded.json",
                TenantJson.of(tenant("a", 5)).toString());
        assertThat(new ChangeLog(database).since(seen)).extracting(ChangeLog.Change::name).containsExactly("a");
        assertThat(tenants.tenant("a")).isEqualTo(tenant("a", 5));
    }

    @Test
    void guests_pushedAndActivated_areOneActiveVersionAtMost() {
        GuestVersions guests = new GuestVersions(database);
        assertThat(guests.push("a", "one", new byte[]{1}, 10)).isEqualTo(1);
        assertThat(guests.push("a", "two", new byte[]{2, 2}, 20)).isEqualTo(2);
        assertThat(guests.push("b", "one", new byte[]{3}, 30)).isEqualTo(1);
        assertThat(guests.active("a")).containsExactly(2, 2);
        guests.activate("a", 1);
        assertThat(guests.list("a")).containsExactly(new GuestVersions.Version(1, "one", 10, true, 1, 0),
                new GuestVersions.Version(2, "two", 20, false, 2, 0));
        guests.activate("a", 0);
        assertThat(guests.active("a")).isNull();
        assertThat(guests.bytes("a", 2)).containsExactly(2, 2);
        assertThat(guests.activate("a", 3)).isFalse();
        assertThat(guests.activeDigest("a")).isNull();
        assertThat(guests.active("b")).containsExactly(3);
    }

    @Test
    void guestValues_changedTogether_areKeptByTenantAndKey() {
        GuestValues values = new GuestValues(database);
        byte[] key = {0, -1};
        values.change("a", List.of(new GuestValues.Entry(key, new byte[]{1}), new GuestValues.Entry(new byte[]{5}, new byte[0])));
        values.change("b", List.of(new GuestValues.Entry(key, new byte[]{9})));
        values.change("a", List.of(new GuestValues.Entry(key, new byte[]{2, 3}), new GuestValues.Entry(new byte[]{5}, null)));
        assertThat(values.all("a", 0)).singleElement().satisfies(e -> {
            assertThat(e.key()).containsExactly(0, -1);
            assertThat(e.value()).containsExactly(2, 3);
        });
        tenants.create(tenant("a", 1));
        assertThat(values.all("a", 0)).as("what an earlier tenant of the id had").isEmpty();
        assertThat(values.all("b", 0)).hasSize(1);
    }

    @Test
    void atomically_whenTheWorkFails_keepsNothingOfIt() {
        assertThatThrownBy(() -> database.atomically(() -> {
            tenants.create(tenant("half", 1));
            throw new IllegalStateException("no");
        })).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> database.atomically(() -> {
            tenants.create(tenant("half", 1));
            database.update("INSERT INTO tenants (id, position, json) VALUES ('half', 1, '')");
        })).isInstanceOf(RealmException.class);
        tenants.create(tenant("whole", 1));
        assertThat(tenants.all()).extracting(Tenant::id).containsExactly("whole");
    }

    @Test
    void response_thatIsMade_isItsServersUntilItsLeaseIsOver() {
        MovedClock clock = new MovedClock();
        StoredResponses responses = new StoredResponses(database, clock);
        Duration lease = Duration.ofSeconds(10);
        List<String> one = List.of("resp_1");
        assertThat(responses.putRunning("a", response(1, null), storage(1000), "one", lease)).isTrue();
        assertThat(responses.isAbandoned(responses.find("a", "resp_1"))).isFalse();
        assertThat(responses.renew("two", lease, one)).isEmpty();
        assertThat(responses.replace("a", "resp_1", "{}", storage(1000), "two", lease)).as("another server's").isFalse();
        leasesPass(9);
        assertThat(responses.renew("one", lease, one)).containsExactly("resp_1");
        leasesPass(9);
        assertThat(responses.replace("a", "resp_1", "{\"n\":7}", storage(1000), "one", lease)).isTrue();
        assertThat(responses.abandon("a", "resp_1", "{}")).as("renewed since it was looked at").isFalse();
        assertThat(responses.renew("one", lease, List.of("resp_2"))).as("what it makes no more is not renewed").isEmpty();
        leasesPass(11);
        assertThat(responses.isAbandoned(responses.find("a", "resp_1"))).isTrue();
        assertThat(responses.abandon("a", "resp_1", "{\"n\":8}")).isTrue();
        assertThat(responses.find("a", "resp_1")).satisfies(r -> {
            assertThat(r.json()).isEqualTo("{\"n\":8}");
            assertThat(r.leaseMillis()).isZero();
        });
        assertThat(responses.replace("a", "resp_1", "{}", storage(1000), "one", null)).as("too late").isFalse();
        assertThat(responses.renew("one", lease, one)).isEmpty();
        assertThat(responses.abandon("a", "resp_1", "{}")).isFalse();
        assertThat(responses.cancel("a", "resp_1", "{}")).isFalse();
        assertThat(responses.find("a", "resp_1").json()).as("an end stays").isEqualTo("{\"n\":8}");
    }

    @Test
    void response_thatIsMade_isNoneOfAServersWhoseClockIsWrong() {
        Duration lease = Duration.ofSeconds(10);
        StoredResponses ours = new StoredResponses(database, new MovedClock());
        ours.putRunning("a", response(1, null), storage(1000), "one", lease);
        MovedClock ahead = new MovedClock();
        if (dialect == Dialect.POSTGRESQL) {
            ahead.now = ahead.now.plus(lease).plusSeconds(1);
        }
        StoredResponses theirs = new StoredResponses(database, ahead);
        assertThat(theirs.isAbandoned(theirs.find("a", "resp_1"))).isFalse();
        assertThat(theirs.abandon("a", "resp_1", "{}")).isFalse();
        leasesPass(10);
        assertThat(theirs.abandon("a", "resp_1", "{}")).isTrue();
    }

    private static StorageLimits storage(long bytes) {
        return new StorageLimits(bytes, Duration.ofHours(1), 0, 0);
    }

    private static Stored response(int number, String previous) {
        return new Stored("resp_" + number, previous, NOON.toEpochMilli() + number, "[]", "{\"n\":" + number + "}");
    }

    @Test
    void responses_areGoneOnFromUntilTheirTimeHasCome() {
        MovedClock clock = new MovedClock();
        StoredResponses responses = new StoredResponses(database, clock);
        assertThat(responses.put("a", response(1, null), storage(1000))).isTrue();
        assertThat(responses.put("a", response(2, "resp_1"), storage(1000))).isTrue();
        clock.now = NOON.plusSeconds(1800);
        assertThat(responses.put("a", response(3, "resp_2"), storage(1000))).isTrue();
        assertThat(responses.chain("a", "resp_3")).satisfies(c -> {
            assertThat(c.whole()).isTrue();
            assertThat(c.all()).extracting(Stored::id).containsExactly("resp_1", "resp_2", "resp_3");
        });
        assertThat(responses.chain("b", "resp_3").all()).isEmpty();
        assertThat(responses.find("b", "resp_3")).isNull();
        assertThat(responses.remove("b", "resp_3")).isFalse();
        clock.now = NOON.plusSeconds(3600);
        assertThat(responses.find("a", "resp_1")).isNull();
        assertThat(responses.chain("a", "resp_3").whole()).isFalse();
    }

    @Test
    void responses_beyondTheirRoom_areTheNewest() {
        StoredResponses responses = new StoredResponses(database, Clock.fixed(NOON, ZoneOffset.UTC));
        for (int i = 1; i <= 5; i++) {
            assertThat(responses.put("a", response(i, null), storage(20))).isTrue();
        }
        assertThat(responses.put("b", response(6, null), storage(20))).isTrue();
        assertThat(responses.put("a", response(7, null), storage(3))).as("larger than all the room").isFalse();
        List<Integer> left = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            if (responses.find(i == 6 ? "b" : "a", "resp_" + i) != null) {
                left.add(i);
            }
        }
        assertThat(left).as("two of nine bytes each fit").containsExactly(4, 5, 6);
    }

    @Test
    void conversations_keepTheirOrderTheirRoomAndTheirTime() {
        MovedClock clock = new MovedClock();
        Conversations conversations = new Conversations(database, clock);
        conversations.create("a", new Conversations.Conversation("c1", 0, "{}"), List.of(new Conversations.Item("i1", "{}")),
                storage(1005));
        assertThat(conversations.append("b", "c1", List.of(new Conversations.Item("i9", "{}")), storage(1005))).isFalse();
        assertThat(conversations.append("a", "c1",
                List.of(new Conversations.Item("i2", "{}"), new Conversations.Item("i3", "{}")), storage(1005))).isTrue();
        assertThat(conversations.items("a", "c1")).extracting(Conversations.Item::id).containsExactly("i1", "i2", "i3");
        assertThatThrownBy(() -> conversations.requireRoom("a", storage(1005))).hasMessageContaining("1006 bytes");
        conversations.requireRoom("b", storage(1005));
        clock.now = NOON.plusSeconds(3600);
        assertThat(conversations.find("a", "c1")).isNull();
        conversations.create("b", new Conversations.Conversation("c2", 0, "{}"), List.of(), storage(2000));
        assertThat(database.query(r -> r.getInt(1), "SELECT count(*) FROM conversation_items")).as("items go with theirs")
                .containsExactly(0);
    }

    @Test
    void itemsOfAConversation_areReadPageByPageWithinABoundOfBytes() {
        Conversations conversations = new Conversations(database, new MovedClock());
        String large = "\"" + "x".repeat(5 << 20) + "\"";
        conversations.create("a", new Conversations.Conversation("c1", 0, "{}"), List.of(new Conversations.Item("i1", "1"),
                new Conversations.Item("i2", "2"), new Conversations.Item("i3", "3"), new Conversations.Item("l1", large),
                new Conversations.Item("l2", large)), storage(20 << 20));
        assertThat(ids(conversations.page("a", "c1", null, false, 2))).isEqualTo("i1 i2 more");
        assertThat(ids(conversations.page("a", "c1", "i2", false, 2))).isEqualTo("i3 l1 more");
        assertThat(ids(conversations.page("a", "c1", null, true, 100))).as("two of 5 MB are too much").isEqualTo("l2 more");
        assertThat(ids(conversations.page("a", "c1", "l1", false, 100))).as("one alone never is").isEqualTo("l2");
        assertThat(ids(conversations.page("a", "c1", "i3", true, 100))).isEqualTo("i2 i1");
        assertThat(ids(conversations.page("a", "c1", "none", false, 100))).isEmpty();
        assertThat(ids(conversations.page("b", "c1", null, false, 100))).isEmpty();
        assertThat(conversations.item("a", "c1", "i3")).isEqualTo(new Conversations.Item("i3", "3"));
        assertThat(conversations.item("b", "c1", "i3")).isNull();
        assertThat(conversations.bytes("a", "c1")).isGreaterThan(Conversations.MOST_READ);
    }

    private static String ids(Conversations.Items page) {
        return String.join(" ", page.items().stream().map(Conversations.Item::id).toList()) + (page.more() ? " more" : "");
    }

    @Test
    void tenant_thatIsRemoved_leavesNothingItStored() {
        tenants.open(List.of(tenant("a", 1)));
        TenantStores stores = TenantStores.of(database, accounts, Clock.fixed(NOON, ZoneOffset.UTC));
        stores.responses().put("a", response(1, null), storage(1000));
        stores.conversations().create("a", new Conversations.Conversation("c1", 0, "{}"), List.of(), storage(1000));
        assertThat(tenants.remove("a", 1)).isTrue();
        assertThat(stores.responses().find("a", "resp_1")).isNull();
        assertThat(stores.conversations().find("a", "c1")).isNull();
    }

    private static Batches.Batch batch(String id) {
        return batch(id, "a");
    }

    private static Batches.Batch batch(String id, String tenant) {
        return new Batches.Batch(id, tenant, "/v1/x", "file-1", "24h", "{}", "validating", new Batches.Counts(0, 0, 0),
                new Batches.Times(NOON.toEpochMilli(), NOON.toEpochMilli() + 1000, 0, 0, 0, 0), null, null, null);
    }

    /** The clock that leases go by is the database's, which nobody can set; what is kept can be. */
    private void leasesPass(int seconds) {
        for (String table : List.of("batches", "responses", "guest_runs")) {
            database.update("UPDATE " + table + " SET lease_ms = lease_ms - ? WHERE lease_ms > 0", seconds * 1000L);
        }
    }

    @Test
    void batch_isOneServersUntilItsLeaseIsOver_andWhoeverLostItWritesNothing() {
        MovedClock clock = new MovedClock();
        TenantStores stores = TenantStores.of(database, accounts, clock);
        Batches batches = stores.batches();
        Duration lease = Duration.ofSeconds(10);
        batches.create(batch("batch_1"));
        assertThat(batches.waiting("three")).extracting(Batches.Batch::id).containsExactly("batch_1");
        assertThat(batches.claim("batch_1", "one", lease)).isTrue();
        assertThat(batches.claim("batch_1", "two", lease)).isFalse();
        assertThat(batches.waiting("three")).isEmpty();
        batches.begin("batch_1", "one", 2);
        RequestRecord used = record("a", "m", NOON, 10, 5, null);
        assertThat(batches.keep("batch_1", "one", List.of(new Batches.Result(0, true, "{}", used)))).isTrue();
        leasesPass(10);
        assertThat(batches.claim("batch_1", "two", lease)).isTrue();
        assertThat(batches.keep("batch_1", "one", List.of(new Batches.Result(1, true, "{}", used)))).isFalse();
        assertThat(batches.finish(batch("batch_1"), "one", "completed")).isFalse();
        assertThat(batches.renew("one", lease, List.of("batch_1"))).isEmpty();
        assertThat(batches.renew("two", lease, List.of("batch_1"))).containsExactly(Map.entry("batch_1", "in_progress"));
        assertThat(batches.done("batch_1")).containsExactly(0);
        assertThat(batches.keep("batch_1", "two", List.of(new Batches.Result(1, false, "[]", used)))).isTrue();
        assertThat(accounts.usage("a", DAY, DAY)).singleElement().satisfies(r -> assertThat(r.requests()).isEqualTo(2));
        assertThat(batches.finish(batch("batch_1"), "two", "completed")).isTrue();
        Batches.Batch ended = batches.find("a", "batch_1");
        assertThat(ended.status()).isEqualTo("completed");
        assertThat(ended.counts()).isEqualTo(new Batches.Counts(2, 1, 1));
        StringBuilder output = new StringBuilder();
        stores.files().read(stores.files().find("a", ended.outputFile()), p -> output.append(new String(p, UTF_8)));
        assertThat(output).hasToString("{}\n");
        assertThat(stores.files().find("a", ended.errorFile()).bytes()).isEqualTo(3);
    }

    @Test
    void batch_thatItsServerDoesNotWorkOnAnyMore_isWaitingWhenItsLeaseIsOver() {
        MovedClock clock = new MovedClock();
        Batches batches = TenantStores.of(database, accounts, clock).batches();
        Duration lease = Duration.ofSeconds(10);
        batches.create(batch("batch_1"));
        batches.create(batch("batch_2"));
        assertThat(batches.claim("batch_1", "one", lease)).isTrue();
        leasesPass(9);
        assertThat(batches.renew("one", lease, List.of())).isEmpty();
        assertThat(batches.waiting("one")).as("the lease is not over").isEmpty();
        leasesPass(1);
        assertThat(batches.waiting("one")).extracting(Batches.Batch::id).containsExactly("batch_1");
    }

    @Test
    void results_thatAreMuchTogether_areWrittenPageByPageInTheirOrder() {
        TenantStores stores = TenantStores.of(database, accounts, new MovedClock());
        Batches batches = stores.batches();
        batches.create(batch("batch_1"));
        assertThat(batches.claim("batch_1", "one", Duration.ofSeconds(10))).isTrue();
        List<Batches.Result> results = new ArrayList<>();
        StringBuilder wanted = new StringBuilder();
        for (int i = 0; i < 450; i++) {
            String json = "ä".repeat(i % 100 == 7 ? 300_000 : i % 3 + 1) + i;
            results.add(new Batches.Result(i, i % 5 > 0, json, null));
            wanted.append(i % 5 > 0 ? json + "\n" : "");
        }
        assertThat(batches.keep("batch_1", "one", results)).isTrue();
        assertThat(batches.finish(batch("batch_1"), "one", "completed")).isTrue();
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StoredFiles.StoredFile file = stores.files().find("a", batches.find("a", "batch_1").outputFile());
        stores.files().read(file, output::writeBytes);
        assertThat(output.toString(UTF_8).equals(wanted.toString())).isTrue();
        assertThat(file.bytes()).isEqualTo(output.size());
    }

    @Test
    void batches_ofATenantWithManyWaiting_hideNobodyElses() {
        Batches batches = TenantStores.of(database, accounts, new MovedClock()).batches();
        for (int i = 0; i < 100; i++) {
            batches.create(batch("batch_a%03d".formatted(i)));
        }
        assertThatThrownBy(() -> batches.create(batch("batch_a100"))).hasMessageContaining("100 batches");
        batches.create(batch("batch_b", "b"));
        assertThat(batches.waiting("one")).extracting(Batches.Batch::id).containsExactly("batch_a000", "batch_b");
        assertThat(batches.claim("batch_a000", "one", Duration.ofSeconds(10))).isTrue();
        assertThat(batches.waiting("one")).as("one of a tenant at a time").extracting(Batches.Batch::id)
                .containsExactly("batch_b");
        assertThat(batches.waiting("two")).extracting(Batches.Batch::id).containsExactly("batch_a001", "batch_b");
    }

    @Test
    void files_areKeptInPiecesWithinTheirTenantsRoom() {
        MovedClock clock = new MovedClock();
        StoredFiles files = new StoredFiles(database, clock);
        StorageLimits limits = new StorageLimits(0, Duration.ZERO, 600_000, 2);
        byte[] content = new byte[600_000];
        new Random(1).nextBytes(content);
        StoredFiles.StoredFile file = new StoredFiles.StoredFile("f1", 1, NOON.toEpochMilli() + 5000, "n", "batch",
                content.length);
        files.create("a", file, content, limits);
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        files.read(file, read::writeBytes);
        assertThat(read.toByteArray()).isEqualTo(content);
        StoredFiles.StoredFile more = new StoredFiles.StoredFile("f2", 2, 0, "n", "batch", 1);
        assertThatThrownBy(() -> files.create("a", more, new byte[1], limits)).hasMessageContaining("600000 bytes");
        files.create("b", more, new byte[1], limits);
        clock.now = NOON.plusSeconds(5);
        assertThat(files.find("a", "f1")).isNull();
        for (int i = 3; i < 5; i++) {
            files.create("a", new StoredFiles.StoredFile("f" + i, i, 0, "n", "batch", 1), new byte[1], limits);
        }
        assertThat(database.query(r -> r.getInt(1), "SELECT count(*) FROM file_pieces WHERE file = 'f1'")).containsExactly(0);
        assertThatThrownBy(() -> files.create("a", new StoredFiles.StoredFile("f5", 5, 0, "n", "batch", 1), new byte[1], limits))
                .hasMessageContaining("2 files");
        assertThat(files.remove("b", "f3")).isFalse();
        assertThat(files.all("a")).extracting(StoredFiles.StoredFile::id).containsExactly("f3", "f4");
    }

    /** A clock that a test moves. */
    private static final class MovedClock extends Clock {
        private Instant now = NOON;

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

    @Test
    void audit_isListedNewestFirstAndKeptForItsTime() {
        long[] now = {1_000_000};
        Clock clock = new Clock() {
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
                return Instant.ofEpochMilli(now[0]);
            }
        };
        AuditTrail trail = new AuditTrail(database, clock, Duration.ofDays(1));
        for (int i = 0; i < 3; i++) {
            long id = trail.begin(new AuditTrail.Begun("olga", "operator", "PATCH /admin/tenants/{id}", "t" + i, "req", "::1"));
            if (i > 0) {
                trail.end(id, "t" + i, 200, "{}");
            }
        }
        assertThat(trail.list(10, null, null)).extracting(AuditTrail.Entry::target).containsExactly("t2", "t1", "t0");
        assertThat(trail.list(10, null, "t0")).extracting(AuditTrail.Entry::outcome).containsExactly(0);
        assertThat(trail.list(10, trail.list(1, null, null).getFirst().id(), null)).hasSize(2);
        now[0] += Duration.ofDays(2).toMillis();
        new AuditTrail(database, clock, Duration.ofDays(1)).begin(new AuditTrail.Begun("a", "admin", "x\0", "y", "", ""));
        assertThat(trail.list(10, null, null)).extracting(AuditTrail.Entry::action).containsExactly("x");
    }
}
