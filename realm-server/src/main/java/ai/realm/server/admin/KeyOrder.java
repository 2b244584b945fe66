package ai.realm.server.admin;

import ai.realm.server.domain.KeyFacts;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A key that is to be made.
 *
 * @param name what people call it, or null
 * @param expires when it ends; null for never
 * @param overlap after which the keys that there are now end; null when they stay
 */
public record KeyOrder(@Nullable String name, @Nullable Instant expires, @Nullable Duration overlap) {
    public static final KeyOrder PLAIN = new KeyOrder(null, null, null);

    KeyFacts facts(Instant now) {
        return new KeyFacts(name, now, expires);
    }
}
