package ai.realm.server.config;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the HTTP server listens and what bounds it.
 *
 * @param port 0 picks a free one
 * @param data directory of the database and of the guests that were pushed
 * @param concurrentRequests requests at the same time over all tenants; more get 503
 * @param drain how long streams may still run after SIGTERM
 * @param drainDelay how long it still serves after SIGTERM, while it says that it is not ready: until whoever sends requests knows
 * @param connections what bounds the API's connections
 * @param guests what guest code of all tenants may use
 * @param database null for SQLite in {@code data}
 * @param api how the API meets its clients
 * @param management null for no listener of the admin API and the metrics
 * @param tracing null for no traces
 */
public record ServerSettings(String host, int port, Path data, int concurrentRequests, Duration drain, Duration drainDelay,
        ConnectionSettings connections, GuestSettings guests, @Nullable DatabaseSettings database, ApiSettings api,
        @Nullable ManagementSettings management, @Nullable TracingSettings tracing) {

    public static ServerSettings defaults() {
        return new ServerSettings("127.0.0.1", 8080, Path.of(".realm"), EngineSettings.requests(), Duration.ofSeconds(30),
                Duration.ZERO, ConnectionSettings.defaults(), GuestSettings.defaults(), null, ApiSettings.defaults(),
                ManagementSettings.defaults(), null);
    }

    public ServerSettings withHost(String value) {
        return new ServerSettings(value, port, data, concurrentRequests, drain, drainDelay, connections, guests, database, api,
                management, tracing);
    }

    public ServerSettings withPort(int value) {
        return new ServerSettings(host, value, data, concurrentRequests, drain, drainDelay, connections, guests, database, api,
                management, tracing);
    }

    public ServerSettings withData(Path value) {
        return new ServerSettings(host, port, value, concurrentRequests, drain, drainDelay, connections, guests, database, api,
                management, tracing);
    }

    public ServerSettings withApi(ApiSettings value) {
        return new ServerSettings(host, port, data, concurrentRequests, drain, drainDelay, connections, guests, database, value,
                management, tracing);
    }

    public ServerSettings withConnections(ConnectionSettings value) {
        return new ServerSettings(host, port, data, concurrentRequests, drain, drainDelay, value, guests, database, api,
                management, tracing);
    }

    public ServerSettings withManagement(@Nullable ManagementSettings value) {
        return new ServerSettings(host, port, data, concurrentRequests, drain, drainDelay, connections, guests, database, api,
                value, tracing);
    }
}
