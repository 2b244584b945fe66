package ai.realm.server.config;

import java.util.List;

/**
 * Where the admin API and the metrics listen, apart from the API.
 *
 * @param host loopback unless configured otherwise
 * @param port 0 picks a free one; {@link #BESIDE} is the API's port and 10000, or a free one where that is taken
 * @param names that clients may call it by, beside {@code localhost} and addresses; lower case
 */
public record ManagementSettings(String host, int port, List<String> names) {
    public static final int BESIDE = -1;
    private static final int DISTANCE = 10_000;
    private static final int LAST_PORT = 65_535;

    public ManagementSettings {
        names = List.copyOf(names);
    }

    public static ManagementSettings defaults() {
        return new ManagementSettings("127.0.0.1", BESIDE, List.of());
    }

    /** The port to try. */
    public int portBeside(int apiPort) {
        if (apiPort == 0 || port == 0) {
            return 0;
        }
        return port != BESIDE ? port : apiPort + DISTANCE <= LAST_PORT ? apiPort + DISTANCE : 0;
    }
}
