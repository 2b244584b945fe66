package ai.realm.server.config;

import java.util.List;

/**
 * How the API meets its clients.
 *
 * @param refuseUnknown whether a parameter that the server does not know is an error
 * @param corsOrigins pages that may call it from a browser; {@code *} is any
 */
public record ApiSettings(boolean refuseUnknown, List<String> corsOrigins) {
    public ApiSettings {
        corsOrigins = List.copyOf(corsOrigins);
    }

    public static ApiSettings defaults() {
        return new ApiSettings(false, List.of("*"));
    }
}
