package ai.realm.server.accounts;

import java.sql.Connection;
import java.sql.SQLException;

/** Where a {@link Database} gets its connections. Thread-safe. */
interface Connections extends AutoCloseable {
    /** What is done with a connection. */
    @FunctionalInterface
    interface Work<T> {
        T with(Connection connection) throws SQLException;
    }

    /** Lends a connection for the time of {@code work}. */
    <T> T use(Work<T> work) throws SQLException;

    @Override
    void close() throws SQLException;
}
