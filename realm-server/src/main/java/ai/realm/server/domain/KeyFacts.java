package ai.realm.server.domain;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a tenant's key beside its hash.
 *
 * @param name what people call it, or null
 * @param created when it was made, or null for a key of the configuration
 * @param expires from when on it is refused; null for never
 */
public record KeyFacts(@Nullable String name, @Nullable Instant created, @Nullable Instant expires) {
    public static final KeyFacts NONE = new KeyFacts(null, null, null);

    private static final int NAME_LENGTH = 64;

    /** A key's name, refused when it is not fit to be shown. */
    public static @Nullable String name(String at, @Nullable String name) {
        if (name != null && (name.isBlank() || name.length() > NAME_LENGTH || name.chars().anyMatch(Character::isISOControl))) {
            throw Checks.bad(at + " may have 1 to " + NAME_LENGTH + " characters and no control characters");
        }
        return name;
    }

    /** A time, as 2027-01-31T12:00:00Z, or a day of UTC, which means its begin; null where nothing is given. */
    public static @Nullable Instant time(String at, @Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return text.length() == 10 ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant() : Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw Checks.bad(at + " must be a day as 2027-01-31 or a time as 2027-01-31T12:00:00Z, not " + text);
        }
    }
}
