package ai.realm.server.config;

import java.time.Duration;

/**
 * What bounds the connections of a listener.
 *
 * @param most open at the same time; when there are more, the one that has been idle longest is closed
 * @param perAddress of one client's address at the same time, the same way
 * @param idle silence after which a connection is closed, and a write to a client that does not read fails
 * @param headers from the connection's or the request's first byte to the end of the headers
 * @param body from the headers to the body's last byte
 */
public record ConnectionSettings(int most, int perAddress, Duration idle, Duration headers, Duration body) {
    private static final int MOST = 4096;

    public static ConnectionSettings defaults() {
        return new ConnectionSettings(MOST, perAddress(MOST), Duration.ofSeconds(60), Duration.ofSeconds(10),
                Duration.ofSeconds(30));
    }

    /** Half of all: a proxy brings everybody's connections from one address, and one client must not have them all. */
    static int perAddress(int most) {
        return Math.max(1, most / 2);
    }

    /** The same with so many at most, for a listener of few clients. */
    public ConnectionSettings withMost(int value) {
        return new ConnectionSettings(value, value, idle, headers, body);
    }
}
