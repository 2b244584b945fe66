package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.domain.AdminKey;
import ai.realm.server.domain.AdminRole;
import ai.realm.server.domain.ApiKeys;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Who may use the admin API, and for what: whoever has one of its keys, as far as the key's role goes. Thread-safe. */
public final class AdminGate {
    private static final String BEARER = "Bearer ";
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
    /** What makes access, or touches the server as a whole. */
    private static final Set<String> FOR_ADMINS = Set.of("POST tenants", "DELETE tenants/*", "POST tenants/*/keys",
            "DELETE tenants/*/keys", "PATCH tenants/*/keys", "POST reload");

    private final boolean onApiPort;
    private final Clock clock;
    private volatile @Nullable AdminSettings settings;

    /** @param settings null when there is no admin API */
    public AdminGate(@Nullable AdminSettings settings) {
        this(settings, Clock.systemUTC());
    }

    AdminGate(@Nullable AdminSettings settings, Clock clock) {
        this.onApiPort = settings != null && settings.remote();
        this.settings = settings;
        this.clock = clock;
    }

    /** Other keys, from the next request on. */
    public void apply(@Nullable AdminSettings now) {
        settings = now;
    }

    /** Whether the API's own port serves the admin API and the metrics too. */
    boolean isOnApiPort() {
        return onApiPort;
    }

    /** Whether there is an admin API. */
    boolean isOffered() {
        return settings != null;
    }

    /**
     * Whose key the request carries.
     *
     * @throws RealmException NOT_FOUND when there is no admin API, INVALID_API_KEY
     */
    AdminKey who(Context ctx) {
        if (settings == null) {
            throw new RealmException(ErrorCode.NOT_FOUND,
                    "there is no admin API: set admin.key in realm.yaml, or REALM_ADMIN_KEY when the server is started");
        }
        AdminKey key = find(ctx);
        if (key == null) {
            throw new RealmException(ErrorCode.INVALID_API_KEY, "the admin API needs its key: Authorization: Bearer KEY");
        }
        return key;
    }

    /**
     * Refuses what the key's role does not reach.
     *
     * @throws RealmException NOT_PERMITTED
     */
    void require(AdminKey key, String method, String path) {
        AdminRole needed = needed(method, path);
        if (!key.may(needed)) {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "this needs a key with the role " + needed.label() + "; "
                    + key.name() + " has the role " + key.role().label());
        }
    }

    static boolean isRead(String method) {
        return READS.contains(method);
    }

    private static AdminRole needed(String method, String path) {
        if (isRead(method)) {
            return AdminRole.VIEWER;
        }
        List<String> parts = Stream.of(path.split("/")).filter(p -> !p.isEmpty()).skip(1).toList();
        StringBuilder kind = new StringBuilder(method).append(' ').append(parts.isEmpty() ? "" : parts.getFirst());
        if (parts.size() > 1) {
            kind.append("/*");
        }
        if (parts.size() > 2) {
            kind.append('/').append(parts.get(2));
        }
        return FOR_ADMINS.contains(kind.toString()) ? AdminRole.ADMIN : AdminRole.OPERATOR;
    }

    /** Whether the request carries a key of the admin API. */
    boolean hasKey(Context ctx) {
        return find(ctx) != null;
    }

    /** All are compared, each in constant time. */
    private @Nullable AdminKey find(Context ctx) {
        AdminSettings now = settings;
        String given = ctx.header("Authorization");
        if (now == null || given == null || !given.startsWith(BEARER)) {
            return null;
        }
        byte[] hash = ApiKeys.hash(given.substring(BEARER.length()).strip()).getBytes(StandardCharsets.US_ASCII);
        AdminKey found = null;
        for (AdminKey key : now.keys()) {
            boolean same = MessageDigest.isEqual(hash, key.hash().getBytes(StandardCharsets.US_ASCII));
            found = same && key.isValidAt(clock.instant()) ? key : found;
        }
        return found;
    }
}
