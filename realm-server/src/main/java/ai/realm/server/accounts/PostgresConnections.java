package ai.realm.server.accounts;

import ai.realm.server.config.DatabaseSettings;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;

/**
 * A pool of connections to a PostgreSQL server, so that commits of several requests wait for the disk together and a connection
 * that broke is replaced. The server's {@code synchronous_commit} decides what a crash of its machine can lose.
 */
final class PostgresConnections implements Connections {
    /** How long a request waits for a connection, and a statement for its answer. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** SQL states of a session that the server's administrator, its end or its restart ended. */
    private static final Set<String> ENDED_BY_THE_SERVER = Set.of("57P01", "57P02", "57P03");

    private final HikariDataSource pool;

    PostgresConnections(DatabaseSettings settings) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("realm-database");
        config.setJdbcUrl(settings.url());
        config.setUsername(settings.user());
        config.setPassword(settings.password());
        config.setMaximumPoolSize(settings.connections());
        config.setMinimumIdle(1);
        config.setConnectionTimeout(PATIENCE.toMillis());
        config.addDataSourceProperty("ApplicationName", "realm");
        config.addDataSourceProperty("connectTimeout", Long.toString(PATIENCE.toSeconds()));
        config.addDataSourceProperty("socketTimeout", Long.toString(2 * PATIENCE.toSeconds()));
        pool = new HikariDataSource(config);
    }

    @Override
    public <T> T use(Work<T> work) throws SQLException {
        try {
            return once(work);
        } catch (SQLException e) {
            if (!ENDED_BY_THE_SERVER.contains(String.valueOf(e.getSQLState()))) {
                throw e;
            }
            // The server said that it had ended the session, so nothing was done; a fresh connection can do it.
            return once(work);
        }
    }

    private <T> T once(Work<T> work) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return work.with(connection);
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
