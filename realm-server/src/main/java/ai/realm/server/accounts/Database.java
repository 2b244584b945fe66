package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The server's SQLite file. A commit is in the write-ahead log, which is the operating system's, before the call returns: killing
 * the process loses nothing, and only a crash of the machine can lose the last moments. One connection; thread-safe.
 */
public final class Database implements AutoCloseable {
    private static final List<String> SCHEMA = List.of("""
            CREATE TABLE IF NOT EXISTS requests (
              id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, tenant TEXT NOT NULL, model TEXT NOT NULL, guest TEXT NOT NULL,
              begun_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, status INTEGER NOT NULL, finish_reason TEXT NOT NULL,
              error_code TEXT, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, generated_tokens INTEGER NOT NULL,
              guest_cpu_ns INTEGER NOT NULL, engine_ns INTEGER NOT NULL)""",
            "CREATE INDEX IF NOT EXISTS requests_by_tenant ON requests (tenant, ended_ms)",
            "CREATE TABLE IF NOT EXISTS tenants (id TEXT PRIMARY KEY, position INTEGER NOT NULL, json TEXT NOT NULL)", """
                    CREATE TABLE IF NOT EXISTS guests (
                      tenant TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, pushed_ms INTEGER NOT NULL,
                      active INTEGER NOT NULL, wasm BLOB NOT NULL, PRIMARY KEY (tenant, version))""", """
                    CREATE TABLE IF NOT EXISTS guest_values (
                      tenant TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tenant, key)) WITHOUT ROWID""");

    private final Connection connection;

    private Database(Connection connection) {
        this.connection = connection;
    }

    /** Opens {@code realm.db} in a directory, both made when missing. */
    public static Database open(Path directory) {
        Path file = directory.resolve("realm.db");
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new RealmException(ErrorCode.INTERNAL, "the directory " + directory + " cannot be made: " + e.getMessage(), e);
        }
        return connect(file.toString());
    }

    /** A database that goes with the process. */
    public static Database inMemory() {
        return connect(":memory:");
    }

    private static Database connect(String file) {
        try {
            Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (Statement s = connection.createStatement()) {
                s.execute("PRAGMA busy_timeout=10000");
                s.execute("PRAGMA journal_mode=WAL");
                s.execute("PRAGMA synchronous=NORMAL");
                for (String sql : SCHEMA) {
                    s.execute(sql);
                }
            } catch (SQLException e) {
                connection.close();
                throw e;
            }
            return new Database(connection);
        } catch (SQLException e) {
            throw new RealmException(ErrorCode.INTERNAL, "the database " + file + " cannot be opened: " + e.getMessage(), e);
        }
    }

    /** Reads one row. */
    @FunctionalInterface
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    synchronized void update(String sql, @Nullable Object... values) {
        try (PreparedStatement s = prepare(sql, values)) {
            s.executeUpdate();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    synchronized <T> List<T> query(Row<T> row, String sql, @Nullable Object... values) {
        try (PreparedStatement s = prepare(sql, values); ResultSet rows = s.executeQuery()) {
            List<T> found = new ArrayList<>();
            while (rows.next()) {
                found.add(row.read(rows));
            }
            return found;
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    /** Does all of {@code work}'s updates or none. */
    synchronized void atomically(Runnable work) {
        try {
            connection.setAutoCommit(false);
            try {
                work.run();
                connection.commit();
            } catch (RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    private PreparedStatement prepare(String sql, @Nullable Object... values) throws SQLException {
        PreparedStatement s = connection.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            s.setObject(i + 1, values[i]);
        }
        return s;
    }

    private static RealmException failed(SQLException e) {
        return new RealmException(ErrorCode.INTERNAL, "the database refused: " + e.getMessage(), e);
    }

    @Override
    public synchronized void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw failed(e);
        }
    }
}
