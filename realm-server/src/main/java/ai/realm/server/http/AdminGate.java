package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.domain.ApiKeys;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** Who may use the admin API: whoever has its key. Immutable. */
public final class AdminGate {
    private static final String BEARER = "Bearer ";

    private final @Nullable AdminSettings settings;

    /** @param settings null when there is no admin API */
    public AdminGate(@Nullable AdminSettings settings) {
        this.settings = settings;
    }

    /** Whether the API's own port serves the admin API and the metrics too. */
    boolean isOnApiPort() {
        return settings != null && settings.remote();
    }

    /** Whether there is an admin API. */
    boolean isOffered() {
        return settings != null;
    }

    void checkKey(Context ctx) {
        if (settings == null) {
            throw new RealmException(ErrorCode.NOT_FOUND,
                    "there is no admin API: set admin.key in realm.yaml, or REALM_ADMIN_KEY when the server is started");
        }
        if (!hasKey(ctx)) {
            throw new RealmException(ErrorCode.INVALID_API_KEY, "the admin API needs its key: Authorization: Bearer KEY");
        }
    }

    /** Whether the request carries the admin's key. */
    boolean hasKey(Context ctx) {
        String given = ctx.header("Authorization");
        return settings != null && given != null && given.startsWith(BEARER) && MessageDigest.isEqual(
                ApiKeys.hash(given.substring(BEARER.length()).strip()).getBytes(StandardCharsets.US_ASCII),
                settings.keyHash().getBytes(StandardCharsets.US_ASCII));
    }
}
