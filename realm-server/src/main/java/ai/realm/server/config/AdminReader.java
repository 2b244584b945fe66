package ai.realm.server.config;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.in;
import static ai.realm.server.domain.Checks.name;
import static ai.realm.server.domain.Checks.or;
import static ai.realm.server.domain.Checks.required;

import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.domain.AdminKey;
import ai.realm.server.domain.AdminRole;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.KeyFacts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code admin}. */
final class AdminReader {
    private AdminReader() {
    }

    static @Nullable AdminSettings admin(RealmYaml.@Nullable Admin a) {
        if (a == null) {
            return null;
        }
        List<AdminKey> keys = new ArrayList<>();
        if (a.keyHash() != null || a.keys() == null) {
            String hash = required("admin.key", a.keyHash());
            ApiKeys.check("admin.key", hash);
            keys.add(new AdminKey(AdminSettings.FIRST, hash, AdminRole.ADMIN, null));
        }
        List<RealmYaml.@Nullable AdminKeyEntry> more = or(a.keys(), List.of());
        for (int i = 0; i < more.size(); i++) {
            keys.add(key("admin.keys[" + i + "]", more.get(i)));
        }
        for (int i = 0; i < keys.size(); i++) {
            for (AdminKey other : keys.subList(0, i)) {
                if (other.name().equals(keys.get(i).name()) || other.hash().equals(keys.get(i).hash())) {
                    throw bad("admin.keys: " + keys.get(i).name() + " is given twice, or has the key of " + other.name());
                }
            }
        }
        return new AdminSettings(keys, or(a.remote(), false), Duration.ofDays(in("admin.audit_days", or(a.auditDays(),
                (int) AdminSettings.AUDIT.toDays()), 1, 3650)));
    }

    private static AdminKey key(String at, RealmYaml.@Nullable AdminKeyEntry k) {
        String name = name(required(at + ".name", k == null ? null : k.name()), at + ".name");
        String hash = required(at + ".key", k == null ? null : k.keyHash());
        ApiKeys.check(at + ".key", hash);
        String label = or(k == null ? null : k.role(), AdminRole.ADMIN.label());
        AdminRole role = AdminRole.of(label);
        if (role == null) {
            throw bad(at + ".role must be admin, operator or viewer, not " + label);
        }
        return new AdminKey(name, hash, role, KeyFacts.time(at + ".expires", k == null ? null : k.expires()));
    }
}
