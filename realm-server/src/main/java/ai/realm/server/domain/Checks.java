package ai.realm.server.domain;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules that settings are held to; each refuses with INVALID_REQUEST, the setting's place and the value given. */
public final class Checks {
    /** What a tenant or a model may be called: fit for logs, labels, paths of URLs and file names. */
    public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}");

    private Checks() {
    }

    /** {@code value}, or {@code otherwise} when it is absent. */
    public static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    /** Refuses what is absent or blank. */
    public static String required(String at, @Nullable String value) {
        if (value == null || value.isBlank()) {
            throw bad(at + " is required");
        }
        return value;
    }

    /** Refuses what is no name. */
    public static String name(String name, String at) {
        if (!NAME.matcher(name).matches()) {
            throw bad(
                    at + ": a name is 1 to 64 characters of A-Z a-z 0-9 . _ : - and begins with a letter or digit, not " + name);
        }
        return name;
    }

    /** Refuses what is not within {@code min} and {@code max}. */
    public static int in(String at, int value, int min, int max) {
        if (value < min || value > max) {
            throw bad(at + " must be " + min + " to " + max + ", not " + value);
        }
        return value;
    }

    /** Refuses what is below 0. */
    public static long in(String at, long value) {
        if (value < 0) {
            throw bad(at + " must be 0 or more, not " + value);
        }
        return value;
    }

    /** Seconds, {@code min} to a day. */
    public static Duration seconds(String at, @Nullable Integer value, Duration otherwise, int min) {
        return value == null ? otherwise : Duration.ofSeconds(in(at, value, min, 86_400));
    }

    /** Milliseconds, 1 to a day. */
    public static Duration millis(String at, @Nullable Integer value, Duration otherwise) {
        return value == null ? otherwise : Duration.ofMillis(in(at, value, 1, 86_400_000));
    }

    /** INVALID_REQUEST with this message, to be thrown. */
    public static RealmException bad(String message) {
        return new RealmException(ErrorCode.INVALID_REQUEST, message);
    }
}
