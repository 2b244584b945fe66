package ai.realm.server.error;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;

/** A refusal that knows when trying again can succeed. */
public final class RetryableException extends RealmException {
    private static final long serialVersionUID = 1L;

    private final long retryAfterSeconds;

    public RetryableException(ErrorCode code, String message, long retryAfterSeconds) {
        super(code, message);
        this.retryAfterSeconds = Math.max(1, retryAfterSeconds);
    }

    public long retryAfterSeconds() {
        return retryAfterSeconds;
    }
}
