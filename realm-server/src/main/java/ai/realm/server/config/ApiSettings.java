package ai.realm.server.config;

import ai.realm.server.domain.AnonymousTenant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the API meets its clients.
 *
 * @param refuseUnknown whether a parameter that the server does not know is an error
 * @param corsOrigins pages that may call it from a browser; {@code *} is any
 * @param anonymous whose requests those without a key are; null when such are refused
 * @param ollamaRoot whether {@code GET /} says that Ollama is running, as some of its clients ask first
 */
public record ApiSettings(boolean refuseUnknown, List<String> corsOrigins, @Nullable AnonymousTenant anonymous,
        boolean ollamaRoot) {
    public ApiSettings {
        corsOrigins = List.copyOf(corsOrigins);
    }

    public ApiSettings(boolean refuseUnknown, List<String> corsOrigins) {
        this(refuseUnknown, corsOrigins, null, false);
    }

    public static ApiSettings defaults() {
        return new ApiSettings(false, List.of("*"));
    }
}
