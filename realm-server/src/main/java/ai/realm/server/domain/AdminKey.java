package ai.realm.server.domain;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A key for the admin API.
 *
 * @param name of whoever has it, for the audit trail
 * @param hash as {@link ApiKeys} makes it
 * @param expires from when on it is refused; null for never
 */
public record AdminKey(String name, String hash, AdminRole role, @Nullable Instant expires) {
    public boolean isValidAt(Instant now) {
        return expires == null || now.isBefore(expires);
    }

    public boolean may(AdminRole needed) {
        return role.includes(needed);
    }

    /** Nothing of the key. */
    @Override
    public String toString() {
        return name + " (" + role.label() + ")";
    }
}
