package ai.realm.server.domain;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What an admin's key is good for; each role may what those before it may. */
public enum AdminRole {
    /** Sees everything, changes nothing. */
    VIEWER,
    /** Changes tenants, guests and models, but makes neither tenants nor keys. */
    OPERATOR,
    /** Everything. */
    ADMIN;

    /** Null when there is no such role. */
    public static @Nullable AdminRole of(String label) {
        for (AdminRole r : values()) {
            if (r.label().equals(label)) {
                return r;
            }
        }
        return null;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    boolean includes(AdminRole other) {
        return compareTo(other) >= 0;
    }
}
