package ai.realm.server.config;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which PostgreSQL database the server uses, and as whom. Its text never shows the password.
 *
 * @param url {@code jdbc:postgresql:…}, without a password
 * @param user null when the driver's own default is meant
 * @param password null when none is needed
 * @param connections open at the same time at most
 */
public record DatabaseSettings(String url, @Nullable String user, @Nullable String password, int connections) {
    private static final String PREFIX = "jdbc:postgresql:";

    public DatabaseSettings {
        if (!url.startsWith(PREFIX)) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "server.database must begin with " + PREFIX + "; leave it out for SQLite in the data directory");
        }
        if (url.contains("@") || url.toLowerCase(Locale.ROOT).contains("password=")) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "server.database must not hold a password, nor a user before @: use REALM_DATABASE_PASSWORD or server.database_password");
        }
    }

    /** The URL without its parameters, for logs and errors. */
    public String shownUrl() {
        int end = url.indexOf('?');
        return end < 0 ? url : url.substring(0, end);
    }

    @Override
    public String toString() {
        return "DatabaseSettings[" + shownUrl() + ", user=" + user + "]";
    }
}
