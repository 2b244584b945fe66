package ai.realm.core.error;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The project's one exception: an {@link ErrorCode} and a message that states the rule and the value given, fit to be shown to
 * the client. Never holds a prompt, an output or a key.
 */
public class RealmException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final @Nullable String param;

    public RealmException(ErrorCode code, String message) {
        this(code, message, null, null);
    }

    public RealmException(ErrorCode code, String message, @Nullable Throwable cause) {
        this(code, message, null, cause);
    }

    /** @param param the request parameter at fault, or null */
    public RealmException(ErrorCode code, String message, @Nullable String param, @Nullable Throwable cause) {
        super(message, cause);
        this.code = Objects.requireNonNull(code, "code");
        this.param = param;
    }

    /** An {@link ErrorCode#INVALID_REQUEST} that names the parameter at fault. */
    public static RealmException badParam(String param, String message) {
        return new RealmException(ErrorCode.INVALID_REQUEST, message, param, null);
    }

    public ErrorCode code() {
        return code;
    }

    public @Nullable String param() {
        return param;
    }
}
