package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;

/**
 * A host import that fails: the error for the guest, and the cause that the client gets if the guest then gives up. Never leaves
 * the guest package and carries no stack trace, because a hostile guest can make many.
 */
final class AbiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final AbiError error;
    private final RealmException origin;

    /** The guest's own mistake. */
    AbiException(AbiError error, String message) {
        this(error, message, new RealmException(ErrorCode.GUEST_FAILED, message));
    }

    /** The host failed, and says with which code. */
    AbiException(RealmException origin) {
        this(AbiError.of(origin.code()), String.valueOf(origin.getMessage()), origin);
    }

    AbiException(AbiError error, String message, RealmException origin) {
        super(message, origin, false, false);
        this.error = error;
        this.origin = origin;
    }

    AbiError error() {
        return error;
    }

    RealmException origin() {
        return origin;
    }
}
