package ai.realm.server.config;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the HTTP server listens and what bounds its connections.
 *
 * @param port 0 picks a free one
 * @param data directory of the database and of the guests that were pushed
 * @param concurrentRequests requests at the same time over all tenants; more get 503
 * @param connections open connections at the same time; more wait in the backlog
 * @param drain how long streams may still run after SIGTERM
 * @param idle silence after which a connection is closed, and a write to a client that does not read fails
 * @param headers from a request's first byte to the end of its headers
 * @param body from the headers to the body's last byte
 * @param guests what guest code of all tenants may use
 * @param database null for SQLite in {@code data}
 * @param api how the API meets its clients
 */
public record ServerSettings(String host, int port, Path data, int concurrentRequests, int connections, Duration drain,
        Duration idle, Duration headers, Duration body, GuestSettings guests, @Nullable DatabaseSettings database,
        ApiSettings api) {

    public static ServerSettings defaults() {
        return new ServerSettings("127.0.0.1", 8080, Path.of(".realm"), EngineSettings.requests(), 4096, Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                Duration.ofSeconds(10), Duration.ofSeconds(30), GuestSettings.defaults(), null, ApiSettings.defaults());
    }

    public ServerSettings withHost(String value) {
        return new ServerSettings(value, port, data, concurrentRequests, connections, drain, idle, headers, body, guests,
                database, api);
    }

    public ServerSettings withPort(int value) {
        return new ServerSettings(host, value, data, concurrentRequests, connections, drain, idle, headers, body, guests,
                database, api);
    }

    public ServerSettings withData(Path value) {
        return new ServerSettings(host, port, value, concurrentRequests, connections, drain, idle, headers, body, guests,
                database, api);
    }

    public ServerSettings withApi(ApiSettings value) {
        return new ServerSettings(host, port, data, concurrentRequests, connections, drain, idle, headers, body, guests,
                database, value);
    }
}
