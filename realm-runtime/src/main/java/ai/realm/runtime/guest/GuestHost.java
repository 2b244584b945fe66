package ai.realm.runtime.guest;

import ai.realm.runtime.session.SessionFactory;

/**
 * Compiles guest modules and runs requests in them. Thread-safe; owns the threads that guests run on and the watchdog, which end
 * when it is closed.
 */
public interface GuestHost extends AutoCloseable {
    /** The host on Chicory, its threads started on demand. */
    static GuestHost start(SessionFactory sessions, GuestHostOptions options) {
        return new ChicoryGuestHost(sessions, options);
    }

    /**
     * Validates, compiles and warms a module; the same bytes give the same compiled code.
     *
     * @throws ai.realm.core.error.RealmException GUEST_REFUSED: which export, import, instruction or limit, what was found and
     *         what is wanted
     */
    GuestModule register(byte[] wasm, GuestLimits limits);

    /** The same for a tenant, whose limits that hold a module back are counted. */
    default GuestModule register(String tenant, byte[] wasm, GuestLimits limits) {
        return register(wasm, limits);
    }

    /**
     * What a module is: everything that {@link #register} checks, as a report. Nothing is kept.
     *
     * @throws ai.realm.core.error.RealmException GUEST_REFUSED as {@link #register}
     */
    GuestReport check(byte[] wasm, GuestLimits limits);

    /**
     * Whether a module can run now: its code is made ready, should it have been let go. False when that was lost, and the module must be
     * registered again.
     */
    default boolean isReady(GuestModule module) {
        return true;
    }

    /**
     * Runs one request in a fresh instance and returns when it has ended.
     *
     * @throws ai.realm.core.error.RealmException the cause: that of the last failed host call, GUEST_FAILED, GUEST_LIMIT,
     *         DEADLINE_EXCEEDED, CANCELLED …
     */
    GuestResult run(GuestModule module, GuestCall call, GuestLimits limits, GuestOutput output);

    @Override
    void close();
}
