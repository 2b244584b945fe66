package ai.realm.server.accounts;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Connections that fail when a test says so, as those to a server that is gone do. */
public final class FaultyConnections implements Connections {
    /** What goes wrong with the next uses. */
    enum Fault {
        NONE,
        /** Before anything is done. */
        LOST,
        /** After all was done: whoever asked does not learn that it was. */
        LOST_AFTER_THE_COMMIT,
        /** The database's own refusal of a statement. */
        REFUSED
    }

    private final SqliteConnection connection;
    volatile Fault fault = Fault.NONE;
    private final AtomicInteger losses = new AtomicInteger();
    private final CountDownLatch recovered = new CountDownLatch(1);

    FaultyConnections(String file) throws SQLException {
        connection = new SqliteConnection(file);
    }

    /** A database in memory over these. */
    public static FaultyConnections inMemory() {
        try {
            return new FaultyConnections(":memory:");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    public Database database() {
        return Database.of(this, Dialect.SQLITE);
    }

    /** The next so many uses fail, those after them do not. */
    public void lose(int uses) {
        losses.set(uses);
    }

    /** Waits until the uses that {@link #lose} said have failed. */
    public boolean awaitRecovery(Duration most) throws InterruptedException {
        return recovered.await(most.toMillis(), TimeUnit.MILLISECONDS);
    }

    private boolean loses() {
        int left = losses.getAndUpdate(n -> Math.max(0, n - 1));
        if (left == 1) {
            recovered.countDown();
        }
        return left > 0;
    }

    @Override
    public <T> T use(Work<T> work) throws SQLException {
        if (fault == Fault.LOST || loses()) {
            throw new SQLException("Connection to db.internal:5432 refused (total=0, active=0)", "08001");
        }
        if (fault == Fault.REFUSED) {
            throw new SQLException("syntax error at or near secret", "42601");
        }
        T done = connection.use(work);
        if (fault == Fault.LOST_AFTER_THE_COMMIT) {
            throw new SQLException("An I/O error occurred while sending to the backend.", "08006");
        }
        return done;
    }

    /** The database may not grow any more: its own error of a full disk. */
    void fill() throws SQLException {
        connection.use((Connection c) -> {
            try (var s = c.createStatement(); var pages = s.executeQuery("PRAGMA page_count")) {
                return s.execute("PRAGMA max_page_count=" + pages.getInt(1));
            }
        });
    }

    void makeRoom() throws SQLException {
        connection.use((Connection c) -> {
            try (var s = c.createStatement()) {
                return s.execute("PRAGMA max_page_count=1000000");
            }
        });
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
