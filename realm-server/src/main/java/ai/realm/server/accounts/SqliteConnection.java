package ai.realm.server.accounts;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;

/**
 * The one connection to a SQLite file, lent to one thread at a time. A commit is in the write-ahead log, which is the operating
 * system's, before it returns: killing the process loses nothing, and only a crash of the machine can lose the last moments.
 */
final class SqliteConnection implements Connections {
    /** How long another process that writes to the file is waited for. */
    private static final int BUSY_MILLIS = 10_000;

    private final Connection connection;

    /** @param file a path, or {@code :memory:} */
    SqliteConnection(String file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        // A transaction that reads before it writes must not find that another process has written in between.
        config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
        config.setBusyTimeout(BUSY_MILLIS);
        connection = config.createConnection("jdbc:sqlite:" + file);
        try (Statement s = connection.createStatement()) {
            s.execute("PRAGMA journal_mode=WAL");
            s.execute("PRAGMA synchronous=NORMAL");
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public synchronized <T> T use(Work<T> work) throws SQLException {
        return work.with(connection);
    }

    @Override
    public synchronized void close() throws SQLException {
        connection.close();
    }
}
