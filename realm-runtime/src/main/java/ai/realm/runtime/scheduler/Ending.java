package ai.realm.runtime.scheduler;

import ai.realm.core.error.RealmException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a sequence ended.
 *
 * @param generatedTokens tokens that count as its output
 * @param error set for CANCELLED and ERROR
 */
public record Ending(Kind kind, int generatedTokens, @Nullable RealmException error) {

    /** The kinds of end. */
    public enum Kind {
        STOP,
        LENGTH,
        CANCELLED,
        ERROR;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
