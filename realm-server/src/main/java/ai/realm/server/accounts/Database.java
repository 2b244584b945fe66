package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.DatabaseSettings;
import com.zaxxer.hikari.pool.HikariPool;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's database: a SQLite file of its own, or one on a PostgreSQL server, by the same SQL. What an update did is committed
 * when the call returns. Thread-safe.
 */
public final class Database implements AutoCloseable {
    /** Held while tables are made, so that servers that start together do not make them together. */
    private static final String SCHEMA_LOCK = "SELECT pg_advisory_xact_lock(7225100)";
    private static final String CHANGE_LOCK = "SELECT pg_advisory_xact_lock(" + Migrations.CHANGE_LOCK + ")";

    private static final Logger LOG = LoggerFactory.getLogger(Database.class);
    private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);

    private final Connections connections;
    private final Dialect dialect;
    /** The connection of the transaction that this thread is in. */
    private final ThreadLocal<@Nullable Connection> transaction = new ThreadLocal<>();

    private Database(Connections connections, Dialect dialect) {
        this.connections = connections;
        this.dialect = dialect;
        atomically(this::makeTables);
    }

    /** Opens {@code realm.db} in a directory, both made when missing and readable by the server's user only. */
    public static Database open(Path directory) {
        try {
            return sqlite(OwnersFile.in(directory, "realm.db").toString());
        } catch (IOException e) {
            throw new RealmException(ErrorCode.INTERNAL, "realm.db cannot be made in " + directory + ": " + e, e);
        }
    }

    /** A database that goes with the process. */
    public static Database inMemory() {
        return sqlite(":memory:");
    }

    private static Database sqlite(String file) {
        try {
            return made(new SqliteConnection(file), Dialect.SQLITE);
        } catch (SQLException e) {
            throw notOpened(file, e);
        }
    }

    /**
     * Opens a database on a PostgreSQL server; tables that are missing are made.
     *
     * @param patience how long a server that cannot be reached is tried again
     */
    public static Database connect(DatabaseSettings settings, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            Throwable failure;
            try {
                return made(new PostgresConnections(settings), Dialect.POSTGRESQL);
            } catch (HikariPool.PoolInitializationException e) {
                failure = e.getCause() == null ? e : e.getCause();
            } catch (SQLException e) {
                failure = e;
            }
            if (!StorageFailure.passes(failure) || System.nanoTime() > end) {
                throw notOpened(settings.shownUrl(), failure);
            }
            LOG.warn("the database {} cannot be reached, it is tried again cause={}", settings.shownUrl(), failure.getMessage());
            LockSupport.parkNanos(RETRY_PAUSE.toNanos());
        }
    }

    /** A database whose connections a test makes fail. */
    static Database of(Connections connections, Dialect dialect) {
        return new Database(connections, dialect);
    }

    private static Database made(Connections connections, Dialect dialect) throws SQLException {
        try {
            return new Database(connections, dialect);
        } catch (RuntimeException e) {
            connections.close();
            throw e;
        }
    }

    private static RealmException notOpened(String name, Throwable cause) {
        return new RealmException(ErrorCode.INTERNAL, "the database " + name + " cannot be opened: " + cause.getMessage(), cause);
    }

    private void makeTables() {
        lock(SCHEMA_LOCK);
        run(c -> {
            if (dialect == Dialect.POSTGRESQL) {
                // A step over millions of rows takes longer than any statement of a request may; the pool sets it back.
                c.setNetworkTimeout(Runnable::run, 0);
            }
            Migrations.migrate(c, dialect);
            return true;
        });
    }

    /** Waits until no other server is in a transaction with this lock; SQLite's transactions all wait for each other. */
    private void lock(String sql) {
        if (dialect == Dialect.POSTGRESQL) {
            query(_ -> true, sql);
        }
    }

    /**
     * Now in milliseconds, by one clock for all servers: that of a database server; a file's servers are on one machine.
     *
     * @param own of this server
     */
    long millis(Clock own) {
        return dialect == Dialect.SQLITE
                ? own.millis()
                : query(r -> r.getLong(1), "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").getFirst();
    }

    /** Returns when the database has answered. */
    void ask() {
        query(_ -> true, "SELECT max(version) FROM schema_versions");
    }

    /** Reads one row. */
    @FunctionalInterface
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Rows that were changed. */
    int update(String sql, @Nullable Object... values) {
        return run(c -> {
            try (PreparedStatement s = prepare(c, sql, values)) {
                return s.executeUpdate();
            }
        });
    }

    <T> List<T> query(Row<T> row, String sql, @Nullable Object... values) {
        return run(c -> {
            try (PreparedStatement s = prepare(c, sql, values); ResultSet rows = s.executeQuery()) {
                List<T> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(row.read(rows));
                }
                return found;
            }
        });
    }

    /** Does all of {@code work}'s updates or none; within another such work it is a part of that. */
    void atomically(Runnable work) {
        if (transaction.get() != null) {
            work.run();
            return;
        }
        run(c -> {
            c.setAutoCommit(false);
            transaction.set(c);
            try {
                work.run();
                c.commit();
            } catch (SQLException e) {
                rollBack(c, e);
                throw e;
            } catch (RuntimeException | Error e) {
                rollBack(c, e);
                throw e;
            } finally {
                transaction.remove();
            }
            c.setAutoCommit(true);
            return true;
        });
    }

    /** What the connection cannot do any more, the pool finds out; what failed first is what counts. */
    private static void rollBack(Connection c, Throwable cause) {
        try {
            c.rollback();
            c.setAutoCommit(true);
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** The same, one at a time over all servers: for what a {@link ChangeLog} tells, so that nothing read in it is old. */
    void change(Runnable work) {
        atomically(() -> {
            lock(CHANGE_LOCK);
            work.run();
        });
    }

    private <T> T run(Connections.Work<T> work) {
        try {
            Connection own = transaction.get();
            return own != null ? work.with(own) : connections.use(work);
        } catch (SQLException e) {
            throw StorageFailure.of(e);
        }
    }

    private static PreparedStatement prepare(Connection c, String sql, @Nullable Object... values) throws SQLException {
        PreparedStatement s = c.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            if (values[i] instanceof String text && text.indexOf('\0') >= 0) {
                s.close();
                throw new RealmException(ErrorCode.INVALID_REQUEST, "a character with code 0 is not allowed in a text");
            }
            s.setObject(i + 1, values[i]);
        }
        return s;
    }

    @Override
    public void close() {
        try {
            connections.close();
        } catch (SQLException e) {
            throw StorageFailure.of(e);
        }
    }
}
