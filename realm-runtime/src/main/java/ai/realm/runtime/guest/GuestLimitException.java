package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;

/** A limit of a guest was reached; knows which, for the metric. */
final class GuestLimitException extends RealmException {
    private static final long serialVersionUID = 1L;

    private final GuestLimit limit;

    GuestLimitException(GuestLimit limit, ErrorCode code, String message) {
        super(code, message);
        this.limit = limit;
    }

    GuestLimit limit() {
        return limit;
    }
}
