package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.admin.KeyOrder;
import ai.realm.server.error.ConflictException;
import ai.realm.server.domain.ApiKeys;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two servers on one database: what one changes, the other serves. */
@Timeout(60)
class ChangeFollowerTest {
    private static final String KEY = "rk-first";
    private static final String SECOND = "rk-second";

    @TempDir
    private Path dir;
    private FollowedServer one;
    private FollowedServer two;

    @BeforeEach
    void open() {
        one = new FollowedServer(dir, KEY, SECOND);
        two = new FollowedServer(dir, "rk-seed-that-is-not-taken");
    }

    @AfterEach
    void close() {
        one.close();
        two.close();
    }

    private static ObjectNode json(String text) {
        return (ObjectNode) HttpFixture.json(text);
    }

    private static String begin(String key) {
        return ApiKeys.hash(key).substring(0, 20);
    }

    @Test
    void removedKey_isGoneElsewhereAndDoesNotComeBackWithAnotherChange() {
        one.admin.removeKey("acme", begin(KEY), null);
        assertThat(two.tenants.byKey(KEY)).as("before it has caught up").isNotNull();
        two.admin.update("acme", json("{\"weight\":3}"), null);
        for (FollowedServer server : new FollowedServer[]{one, two}) {
            server.follower.catchUp();
            assertThat(server.tenants.byKey(KEY)).isNull();
            assertThat(server.tenants.byKey(SECOND)).isNotNull();
            assertThat(server.tenants.byId("acme").weight()).isEqualTo(3);
        }
        try (FollowedServer restarted = new FollowedServer(dir, KEY)) {
            assertThat(restarted.tenants.byKey(KEY)).isNull();
        }
    }

    @Test
    void start_followsByItself() throws Exception {
        two.follower.start();
        one.admin.removeKey("acme", begin(KEY), null);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (two.tenants.byKey(KEY) != null && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        assertThat(two.tenants.byKey(KEY)).isNull();
    }

    @Test
    void suspension_elsewhere_endsWhatRunsHere() {
        RequestContext running = new RequestContext("r", "acme", 1, 100, Long.MAX_VALUE, false);
        try (var _ = two.active.add(running)) {
            one.admin.update("acme", json("{\"suspended\":true}"), null);
            two.follower.catchUp();
            assertThat(two.tenants.byId("acme").suspended()).isTrue();
            assertThat(running.cancelled()).isNotNull().extracting(RealmException::code).isEqualTo(ErrorCode.TENANT_SUSPENDED);
        }
    }

    @Test
    void keyMadeElsewhere_isFoundBeforeItIsSaidToBeUnknown() {
        String key = one.admin.addKey("acme", KeyOrder.PLAIN, null).key();
        String other = one.admin.create(json("{\"id\":\"other\"}")).key();
        assertThat(two.tenants.byKey(key)).isNotNull();
        assertThat(two.tenants.byKey(other)).isNotNull();
    }

    @Test
    void unknownKeys_aFloodOfThem_asksTheDatabaseAFewTimes() throws Exception {
        int keys = 2_000;
        long before = two.follower.readings();
        long begun = System.nanoTime();
        CountDownLatch go = new CountDownLatch(1);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < keys; i++) {
                String key = "rk-bad-" + i;
                pool.submit(() -> {
                    go.await();
                    return two.tenants.byKey(key);
                });
            }
            go.countDown();
        }
        long tens = (System.nanoTime() - begun) / 10_000_000 + 2;
        assertThat(two.follower.readings() - before).isLessThanOrEqualTo(tens).isLessThan(keys / 2);
    }

    @Test
    void lookForAnUnknownKey_withoutTheDatabase_isNotSaidToBeAWrongKey() {
        two.database.close();
        assertThatThrownBy(() -> two.tenants.byKey("rk-unknown")).isInstanceOf(RealmException.class)
                .extracting(e -> ((RealmException) e).code()).isNotEqualTo(ErrorCode.INVALID_API_KEY);
        assertThat(two.tenants.byKey(KEY)).as("a known one is served").isNotNull();
    }

    @Test
    void removedTenant_isGoneElsewhere() {
        one.admin.remove("acme", null);
        two.follower.catchUp();
        assertThat(two.tenants.byKey(KEY)).isNull();
        assertThat(two.tenants.byId("acme")).isNull();
        assertThatThrownBy(() -> two.admin.update("acme", json("{\"weight\":2}"), null)).isInstanceOf(RealmException.class)
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.NOT_FOUND);
    }

    @Test
    void changes_byTwoServersAtOnce_areAllKept() throws Exception {
        int each = 20;
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (FollowedServer server : new FollowedServer[]{one, two}) {
                pool.submit(() -> {
                    for (int i = 0; i < each; i++) {
                        server.admin.addKey("acme", KeyOrder.PLAIN, null);
                    }
                    return true;
                });
            }
        }
        assertThat(one.admin.get("acme").tenant().keyHashes()).hasSize(2 + 2 * each);
        assertThat(one.admin.get("acme").version()).isEqualTo(1 + 2 * each);
    }

    @Test
    void change_ofAnOlderVersion_isAConflictThatShowsTheNewerOne() {
        one.admin.update("acme", json("{\"weight\":2}"), 1L);
        assertThatThrownBy(() -> two.admin.update("acme", json("{\"weight\":3}"), 1L)).isInstanceOf(ConflictException.class)
                .satisfies(e -> assertThat(((ConflictException) e).current().path("version").asLong()).isEqualTo(2));
        assertThatThrownBy(() -> two.admin.remove("acme", 1L)).isInstanceOf(ConflictException.class);
        assertThat(two.admin.get("acme").tenant().weight()).isEqualTo(2);
    }

    @Test
    void afterMoreChangesThanAreKept_allIsReadAgain() {
        one.admin.removeKey("acme", begin(KEY), null);
        two.follower.catchUp();
        one.admin.removeKey("acme", begin(SECOND), null);
        one.database.close();
        new Sqlite(dir).execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)",
                "INSERT INTO changes (seq, kind, name) SELECT max(seq) + 20000, 'tenants', 'nobody' FROM changes");
        new Sqlite(dir).execute("DELETE FROM changes WHERE name != 'nobody'");
        two.follower.catchUp();
        assertThat(two.tenants.byKey(SECOND)).isNull();
    }

    /** Another program that changes the file. */
    private record Sqlite(Path dir) {
        void execute(String... statements) {
            try (var c = java.sql.DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("realm.db"));
                    var s = c.createStatement()) {
                for (String sql : statements) {
                    s.execute(sql);
                }
            } catch (java.sql.SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
