package ai.realm.runtime.guest;

/** Where a guest's text goes as it comes: an SSE stream, a terminal, a buffer. Called by one thread, in order. */
@FunctionalInterface
public interface GuestOutput {
    /**
     * Takes the next piece of the answer; may wait while the client is slow.
     *
     * @throws ai.realm.core.error.RealmException CANCELLED when the client has gone
     */
    void piece(String text);

    /**
     * Told once, after the last piece and before the request's thread goes on, however the request ended: answered, failed,
     * cancelled, past a limit.
     *
     * @param guestCpuNanos processor time that the guest's thread has used, waits excluded
     */
    default void ended(long guestCpuNanos) {
    }
}
