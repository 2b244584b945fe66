package ai.realm.server.config;

import ai.realm.server.domain.AnonymousTenant;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the API meets its clients.
 *
 * @param refuseUnknown whether a parameter that the server does not know is an error
 * @param corsOrigins pages that may call it from a browser; {@code *} is any
 * @param anonymous whose requests those without a key are; null when such are refused
 * @param gateway who may name tenants, and what objectives mean; it trusts nobody by default
 * @param slow requests that take longer have a line in the log that says what took so long; zero: none
 * @param ollamaRoot whether {@code GET /} says that Ollama is running, as some of its clients ask first
 * @param tls null for plain HTTP
 * @param page whether the page to look at is served
 */
public record ApiSettings(boolean refuseUnknown, List<String> corsOrigins, @Nullable AnonymousTenant anonymous,
        boolean ollamaRoot, GatewaySettings gateway, Duration slow, boolean page,
        @Nullable TlsSettings tls) {
    public ApiSettings {
        corsOrigins = List.copyOf(corsOrigins);
    }

    public ApiSettings(boolean refuseUnknown, List<String> corsOrigins) {
        this(refuseUnknown, corsOrigins, null, false);
    }

    public ApiSettings(boolean refuseUnknown, List<String> corsOrigins, @Nullable AnonymousTenant anonymous, boolean ollamaRoot) {
        this(refuseUnknown, corsOrigins, anonymous, ollamaRoot, GatewaySettings.NONE, Duration.ZERO, true, null);
    }

    public ApiSettings withGateway(GatewaySettings value) {
        return new ApiSettings(refuseUnknown, corsOrigins, anonymous, ollamaRoot, value, slow, page, tls);
    }

    public ApiSettings withPage(boolean value) {
        return new ApiSettings(refuseUnknown, corsOrigins, anonymous, ollamaRoot, gateway, slow, value, tls);
    }

    public ApiSettings withTls(@Nullable TlsSettings value) {
        return new ApiSettings(refuseUnknown, corsOrigins, anonymous, ollamaRoot, gateway, slow, page, value);
    }

    public static ApiSettings defaults() {
        return new ApiSettings(false, List.of("*"));
    }
}
