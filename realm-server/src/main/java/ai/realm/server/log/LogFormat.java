package ai.realm.server.log;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The forms of the log; {@code REALM_LOG_FORMAT} names one, and {@code logback.xml} has an appender of that name for each. */
public final class LogFormat {
    public static final String VARIABLE = "REALM_LOG_FORMAT";
    private static final List<String> ALL = List.of("text", "json");

    private LogFormat() {
    }

    /** What is wrong with a name; null when nothing is, or none is given. */
    public static @Nullable String problem(@Nullable String name) {
        return name == null || ALL.contains(name) ? null : VARIABLE + " must be one of " + ALL + ", not " + name;
    }
}
