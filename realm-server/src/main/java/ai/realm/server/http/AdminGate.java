package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.tenant.ApiKeys;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * Who may read the metrics and use the admin API: this machine only unless configured, and for the admin API its key always. A
 * request that came through a proxy is not this machine's.
 */
public final class AdminGate {
    private static final String BEARER = "Bearer ";

    private final @Nullable AdminSettings settings;

    /** @param settings null when there is no admin API */
    public AdminGate(@Nullable AdminSettings settings) {
        this.settings = settings;
    }

    /** Refuses other machines, as if there were nothing here. */
    void checkLocal(Context ctx) {
        if (settings != null && settings.remote()) {
            return;
        }
        boolean forwarded = ctx.header("Forwarded") != null || ctx.header("X-Forwarded-For") != null;
        if (forwarded || !Callers.isLoopback(ctx.req().getRemoteAddr())) {
            throw new RealmException(ErrorCode.NOT_FOUND, "there is no route " + ctx.req().getMethod() + " " + ctx.path());
        }
    }

    void checkKey(Context ctx) {
        checkLocal(ctx);
        if (settings == null) {
            throw new RealmException(ErrorCode.NOT_FOUND,
                    "there is no admin API: set admin.key in realm.yaml, or REALM_ADMIN_KEY when the server is started");
        }
        String given = ctx.header("Authorization");
        boolean good = given != null && given.startsWith(BEARER) && MessageDigest.isEqual(
                ApiKeys.hash(given.substring(BEARER.length()).strip()).getBytes(StandardCharsets.US_ASCII),
                settings.keyHash().getBytes(StandardCharsets.US_ASCII));
        if (!good) {
            throw new RealmException(ErrorCode.INVALID_API_KEY, "the admin API needs its key: Authorization: Bearer KEY");
        }
    }
}
