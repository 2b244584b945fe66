package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The numbered steps that make the tables, each done once for a database and kept in {@code schema_versions}. A step only adds: the
 * release before it goes on working with the database, so that servers can be replaced one by one, and back.
 */
final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);

    /** Held until the changes of a transaction are committed, so that {@code changes.seq} has the order of the commits. */
    static final long CHANGE_LOCK = 7225101;

    private record Migration(int version, String what, List<String> sqlite, List<String> postgresql) {
        static Migration same(int version, String what, String... statements) {
            return new Migration(version, what, List.of(statements), List.of(statements));
        }

        List<String> of(Dialect dialect) {
            return (dialect == Dialect.SQLITE ? sqlite : postgresql).stream().map(dialect::words).toList();
        }
    }

    /** A table whose rows every server keeps a copy of, and the column that says which of them changed. */
    private record Watched(String table, String column) {}

    private static final List<Watched> WATCHED = List.of(new Watched("tenants", "id"), new Watched("models", "name"),
            new Watched("guests", "tenant"));

    /** What a database without versions has: the tables of the first release. */
    private static final Migration FIRST = Migration.same(1, "accounts, tenants, models, guests and what they store", """
            CREATE TABLE IF NOT EXISTS requests (
              id $key, request_id TEXT NOT NULL, tenant TEXT NOT NULL, model TEXT NOT NULL, guest TEXT NOT NULL,
              begun_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL, status INTEGER NOT NULL, finish_reason TEXT NOT NULL,
              error_code TEXT, prompt_tokens BIGINT NOT NULL, cached_tokens BIGINT NOT NULL, generated_tokens BIGINT NOT NULL,
              guest_cpu_ns BIGINT NOT NULL, engine_ns BIGINT NOT NULL)""",
            "CREATE INDEX IF NOT EXISTS requests_by_tenant ON requests (tenant, ended_ms)",
            "CREATE TABLE IF NOT EXISTS tenants (id TEXT PRIMARY KEY, position BIGINT NOT NULL, json TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS models (name TEXT PRIMARY KEY, json TEXT NOT NULL)", """
                    CREATE TABLE IF NOT EXISTS guests (
                      tenant TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, pushed_ms BIGINT NOT NULL,
                      active INTEGER NOT NULL, wasm $bytes NOT NULL, PRIMARY KEY (tenant, version))""", """
                    CREATE TABLE IF NOT EXISTS guest_values (
                      tenant TEXT NOT NULL, key $bytes NOT NULL, value $bytes NOT NULL, PRIMARY KEY (tenant, key))""");

    private static final List<String> CHANGES = List.of("ALTER TABLE tenants ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
            "CREATE INDEX tenants_by_position ON tenants (position)",
            "CREATE TABLE changes (seq $key, kind TEXT NOT NULL, name TEXT NOT NULL)",
            "CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
            "INSERT INTO marks (name, value) SELECT 'seeded', 'true' WHERE EXISTS (SELECT 1 FROM tenants)");

    private static final Migration SECOND = new Migration(2, "versions of tenants, and the order of changes",
            Stream.concat(CHANGES.stream(), WATCHED.stream().flatMap(Migrations::sqliteTriggers)).toList(),
            Stream.concat(CHANGES.stream(), WATCHED.stream().flatMap(Migrations::postgresTriggers)).toList());

    private static final String SUMS = """
            1, CASE WHEN %1$serror_code IS NULL THEN 0 ELSE 1 END, %1$sprompt_tokens, %1$scached_tokens, %1$sgenerated_tokens,
            %1$sguest_cpu_ns, %1$sengine_ns""";
    private static final String SUMMED = "requests, failed, prompt_tokens, cached_tokens, generated_tokens, guest_cpu_ns, engine_ns";

    private static final List<String> USAGE = List.of("ALTER TABLE requests ADD COLUMN account_id TEXT",
            "CREATE UNIQUE INDEX requests_by_account ON requests (account_id)", """
                    CREATE TABLE usage_days (
                      day BIGINT NOT NULL, tenant TEXT NOT NULL, model TEXT NOT NULL, guest TEXT NOT NULL, shard INTEGER NOT NULL,
                      requests BIGINT NOT NULL, failed BIGINT NOT NULL, prompt_tokens BIGINT NOT NULL,
                      cached_tokens BIGINT NOT NULL, generated_tokens BIGINT NOT NULL, guest_cpu_ns BIGINT NOT NULL,
                      engine_ns BIGINT NOT NULL, PRIMARY KEY (day, tenant, model, guest, shard))""",
            "CREATE INDEX usage_days_by_tenant ON usage_days (tenant, day)");

    /** Adds a new row of requests to its day; of one day several rows, so that commits at the same time need not wait for one. */
    private static String addToDay(String shard) {
        StringBuilder sql = new StringBuilder("INSERT INTO usage_days (day, tenant, model, guest, shard, ").append(SUMMED)
                .append(") VALUES (NEW.ended_ms / 86400000, NEW.tenant, NEW.model, NEW.guest, ").append(shard).append(", ")
                .append(SUMS.formatted("NEW.")).append(") ON CONFLICT (day, tenant, model, guest, shard) DO UPDATE SET ");
        for (String column : SUMMED.split(", ")) {
            sql.append(column).append(" = usage_days.").append(column).append(" + excluded.").append(column).append(", ");
        }
        return sql.substring(0, sql.length() - 2) + ";";
    }

    private static final String ADD_UP = """
            INSERT INTO usage_days (day, tenant, model, guest, shard, %s)
            SELECT ended_ms / 86400000, tenant, model, guest, 0, count(*), sum(CASE WHEN error_code IS NULL THEN 0 ELSE 1 END),
              sum(prompt_tokens), sum(cached_tokens), sum(generated_tokens), sum(guest_cpu_ns), sum(engine_ns)
            FROM requests GROUP BY ended_ms / 86400000, tenant, model, guest""".formatted(SUMMED);

    /** The trigger comes first: from then on no server can add a row that the sums would miss. */
    private static final Migration THIRD = new Migration(3, "usage added up by day",
            Stream.concat(USAGE.stream(), Stream.of("CREATE TRIGGER requests_are_added_up AFTER INSERT ON requests BEGIN "
                    + addToDay("0") + " END", ADD_UP)).toList(),
            Stream.concat(USAGE.stream(), Stream.of("""
                    CREATE FUNCTION requests_added_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                      %s
                      RETURN NULL; END $$""".formatted(addToDay("pg_backend_pid() % 8")), """
                    CREATE TRIGGER requests_are_added_up AFTER INSERT ON requests
                    FOR EACH ROW EXECUTE FUNCTION requests_added_up()""", ADD_UP)).toList());

    private static final Migration FOURTH = Migration.same(4, "responses and conversations", """
            CREATE TABLE responses (
              id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, previous TEXT,
              bytes BIGINT NOT NULL, input TEXT NOT NULL, json TEXT NOT NULL)""",
            "CREATE INDEX responses_by_tenant ON responses (tenant, created_ms, bytes)",
            "CREATE INDEX responses_by_end ON responses (expires_ms)", """
                    CREATE TABLE conversations (
                      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL,
                      metadata TEXT NOT NULL)""",
            "CREATE INDEX conversations_by_tenant ON conversations (tenant)",
            "CREATE INDEX conversations_by_end ON conversations (expires_ms)",
            """
                    CREATE TABLE conversation_items (
                      conversation TEXT NOT NULL, seq BIGINT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, bytes BIGINT NOT NULL,
                      json TEXT NOT NULL, PRIMARY KEY (conversation, seq))""",
            "CREATE INDEX conversation_items_by_tenant ON conversation_items (tenant, bytes)");

    private static final Migration FIFTH = Migration.same(5, "files and batches",
            """
                    CREATE TABLE files (
                      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, name TEXT NOT NULL,
                      purpose TEXT NOT NULL, bytes BIGINT NOT NULL)""",
            "CREATE INDEX files_by_tenant ON files (tenant, created_ms, bytes)",
            "CREATE INDEX files_by_end ON files (expires_ms)",
            "CREATE TABLE file_pieces (file TEXT NOT NULL, piece INTEGER NOT NULL, data $bytes NOT NULL, PRIMARY KEY (file, piece))",
            """
                    CREATE TABLE batches (
                      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL,
                      endpoint TEXT NOT NULL, input_file TEXT NOT NULL, completion_window TEXT NOT NULL, metadata TEXT NOT NULL,
                      status TEXT NOT NULL, unfinished INTEGER NOT NULL DEFAULT 1, total INTEGER NOT NULL DEFAULT 0,
                      completed INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, bytes BIGINT NOT NULL DEFAULT 0,
                      output_file TEXT, error_file TEXT, errors TEXT, in_progress_ms BIGINT NOT NULL DEFAULT 0,
                      finalizing_ms BIGINT NOT NULL DEFAULT 0, cancelling_ms BIGINT NOT NULL DEFAULT 0,
                      ended_ms BIGINT NOT NULL DEFAULT 0, lease_owner TEXT, lease_ms BIGINT NOT NULL DEFAULT 0)""",
            "CREATE INDEX batches_by_tenant ON batches (tenant, created_ms)",
            "CREATE INDEX batches_unfinished ON batches (unfinished, lease_ms)", """
                    CREATE TABLE batch_results (
                      batch TEXT NOT NULL, line INTEGER NOT NULL, good INTEGER NOT NULL, json TEXT NOT NULL,
                      PRIMARY KEY (batch, line))""");

    private static final Migration SIXTH = Migration.same(6, "what servers share of tenants' limits",
            "CREATE TABLE budgets (tenant TEXT PRIMARY KEY, json TEXT NOT NULL)");

    private static final Migration SEVENTH = Migration.same(7, "values of guests that are there for a time",
            "ALTER TABLE guest_values ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0");

    private static final Migration EIGHTH = Migration.same(8, "who changed what",
            """
                    CREATE TABLE audit (
                      id $key, at_ms BIGINT NOT NULL, key_name TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
                      outcome INTEGER NOT NULL, request_id TEXT NOT NULL, address TEXT NOT NULL, details TEXT NOT NULL)""",
            "CREATE INDEX audit_by_target ON audit (target, id)", "CREATE INDEX audit_by_time ON audit (at_ms)");

    private static final Migration NINTH = Migration.same(9, "responses that are made in the background",
            "ALTER TABLE responses ADD COLUMN lease_owner TEXT",
            "ALTER TABLE responses ADD COLUMN lease_ms BIGINT NOT NULL DEFAULT 0",
            "CREATE INDEX responses_by_lease ON responses (lease_owner)");

    private static final Migration TENTH = Migration.same(10, "shares, logs and timetables of guests",
            "ALTER TABLE guests ADD COLUMN share INTEGER NOT NULL DEFAULT 0", """
                    CREATE TABLE guest_logs (
                      seq $key, tenant TEXT NOT NULL, at_ms BIGINT NOT NULL, request_id TEXT NOT NULL, guest TEXT NOT NULL,
                      level INTEGER NOT NULL, line TEXT NOT NULL)""",
            "CREATE INDEX guest_logs_by_tenant ON guest_logs (tenant, seq)",
            """
                    CREATE TABLE guest_runs (
                      tenant TEXT NOT NULL, name TEXT NOT NULL, due_ms BIGINT NOT NULL, owner TEXT NOT NULL, lease_ms BIGINT NOT NULL,
                      PRIMARY KEY (tenant, name))""");

    private static final List<Migration> ALL = List.of(FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH,
            TENTH);

    private Migrations() {
    }

    private static Stream<String> sqliteTriggers(Watched w) {
        return Stream.of("INSERT NEW", "UPDATE NEW", "DELETE OLD").map(t -> t.split(" ")).map(t -> """
                CREATE TRIGGER %1$s_%3$s_is_a_change AFTER %3$s ON %1$s BEGIN
                  INSERT INTO changes (kind, name) VALUES ('%1$s', %4$s.%2$s); END""".formatted(w.table, w.column, t[0], t[1]));
    }

    private static Stream<String> postgresTriggers(Watched w) {
        return Stream.of("""
                CREATE FUNCTION %1$s_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  PERFORM pg_advisory_xact_lock(%3$d);
                  IF TG_OP = 'DELETE' THEN INSERT INTO changes (kind, name) VALUES ('%1$s', OLD.%2$s);
                  ELSE INSERT INTO changes (kind, name) VALUES ('%1$s', NEW.%2$s); END IF;
                  RETURN NULL; END $$""".formatted(w.table, w.column, CHANGE_LOCK),
                """
                        CREATE TRIGGER %1$s_is_a_change AFTER INSERT OR UPDATE OR DELETE ON %1$s
                        FOR EACH ROW EXECUTE FUNCTION %1$s_changed()""".formatted(w.table));
    }

    /** Does the steps that are missing, in the transaction that the connection is in. */
    static void migrate(Connection c, Dialect dialect) throws SQLException {
        migrate(c, dialect, ALL.getLast().version);
    }

    /** @param last the step to stop after */
    static void migrate(Connection c, Dialect dialect, int last) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, done_ms BIGINT NOT NULL)");
        }
        List<Integer> done = done(c);
        for (Migration m : ALL) {
            if (!done.contains(m.version) && m.version <= last) {
                apply(c, dialect, m);
            }
        }
        if (!done.isEmpty() && done.getLast() > ALL.getLast().version) {
            LOG.warn("the database has schema_version={}, this server knows up to {}: a newer one has used it", done.getLast(),
                    ALL.getLast().version);
        }
    }

    private static List<Integer> done(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet rows = s.executeQuery("SELECT version FROM schema_versions ORDER BY version")) {
            List<Integer> done = new ArrayList<>();
            while (rows.next()) {
                done.add(rows.getInt(1));
            }
            return done;
        }
    }

    private static void apply(Connection c, Dialect dialect, Migration m) throws SQLException {
        long begun = System.nanoTime();
        for (String sql : m.of(dialect)) {
            try (Statement s = c.createStatement()) {
                s.execute(sql);
            } catch (SQLException e) {
                throw new RealmException(ErrorCode.INTERNAL,
                        "the database cannot be brought to schema version " + m.version + " ("
                                + m.what + "): " + e.getMessage(),
                        e);
            }
        }
        try (PreparedStatement s = c.prepareStatement("INSERT INTO schema_versions (version, done_ms) VALUES (?, ?)")) {
            s.setInt(1, m.version);
            s.setLong(2, System.currentTimeMillis());
            s.executeUpdate();
        }
        LOG.debug("database schema_version={} what=\"{}\" ms={}", m.version, m.what, (System.nanoTime() - begun) / 1_000_000);
    }
}
