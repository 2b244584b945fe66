package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.server.config.DatabaseSettings;
import ai.realm.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.Instant;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract on a real PostgreSQL server, and what only it can do wrong. */
@Tag("postgresql")
class PostgresDatabaseTest extends DatabaseContract {
    PostgresDatabaseTest() {
        super(Dialect.POSTGRESQL);
    }

    private static PostgresServer server;
    private static int databases;
    private DatabaseSettings settings;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static DatabaseSettings settings(String database) {
        return new DatabaseSettings(server.url(database), server.user(), server.password(), 4);
    }

    @Override
    Database create() throws Exception {
        String name = "realm_" + ++databases;
        server.createDatabase(name);
        settings = settings(name);
        return reopen();
    }

    @Override
    Database reopen() {
        return Database.connect(settings, Duration.ZERO);
    }

    @Override
    Connection raw() throws Exception {
        server.createDatabase("raw_" + ++databases);
        settings = settings("raw_" + databases);
        return DriverManager.getConnection(settings.url(), settings.user(), settings.password());
    }

    @Test
    void connect_fromServersThatStartTogether_makesTheTablesOnce() throws Exception {
        server.createDatabase("together");
        DatabaseSettings fresh = settings("together");
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Database>> all = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                all.add(pool.submit(() -> Database.connect(fresh, Duration.ZERO)));
            }
            for (Future<Database> f : all) {
                f.get().close();
            }
        }
    }

    @Test
    void connect_withAWrongPassword_failsWithoutTellingIt() {
        DatabaseSettings wrong = new DatabaseSettings(settings.url(), settings.user(), "a-wrong-secret", 2);
        assertThatThrownBy(() -> Database.connect(wrong, Duration.ofMinutes(5))).isInstanceOf(RealmException.class)
                .hasMessageContaining("cannot be opened")
                .hasMessageContaining("password authentication failed").hasMessageNotContaining("a-wrong-secret");
        assertThat(wrong.toString()).doesNotContain("a-wrong-secret");
    }

    @Test
    void update_afterTheServerCutItsConnections_goesThroughNewOnes() throws Exception {
        try (Database database = reopen()) {
            server.cutConnections();
            database.update("INSERT INTO tenants (id, position, json) VALUES ('after', 1, '{}')");
            assertThat(database.query(r -> r.getString(1), "SELECT id FROM tenants")).containsExactly("after");
        }
    }

    @Test
    void batch_ofAServerWhoseClockIsBehind_isNotTakenByAnother() throws Exception {
        try (Database database = reopen()) {
            Instant now = Instant.now();
            Clock behind = Clock.fixed(now.minus(Duration.ofHours(1)), ZoneOffset.UTC);
            Batches slow = TenantStores.of(database, new Accounts(database, behind), behind).batches();
            Batches quick = TenantStores.of(database, new Accounts(database, Clock.systemUTC()), Clock.systemUTC()).batches();
            slow.create(new Batches.Batch("batch_clock", "clocks", "/v1/x", "file-1", "24h", "{}", "validating",
                    new Batches.Counts(0, 0, 0), new Batches.Times(1, Long.MAX_VALUE, 0, 0, 0, 0), null, null, null));
            assertThat(slow.claim("batch_clock", "slow", Duration.ofMinutes(1))).isTrue();
            assertThat(quick.claim("batch_clock", "quick", Duration.ofMinutes(1))).isFalse();
            assertThat(quick.waiting("quick")).isEmpty();
        }
    }
}
