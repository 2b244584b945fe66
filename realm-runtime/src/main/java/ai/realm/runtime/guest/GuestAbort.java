package ai.realm.runtime.guest;

import ai.realm.core.error.RealmException;

/** Ends a guest from inside the host, through all of the guest's frames: it broke the ABI or was ended from outside. */
final class GuestAbort extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final RealmException why;

    GuestAbort(RealmException why) {
        super(why.getMessage(), why, false, false);
        this.why = why;
    }

    RealmException why() {
        return why;
    }
}
