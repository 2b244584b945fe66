package ai.realm.runtime.session;

/**
 * One generation under way. Its reader, one thread at a time, takes events; any thread may cancel. A reader that is slow pauses
 * its own sequence only. Closing a session that has not ended cancels it.
 */
public interface InferenceSession extends AutoCloseable {
    /**
     * The next event, waiting for it until the request is cancelled or its deadline passes (which ends the session and gives the
     * end with its usage so far).
     *
     * @throws InterruptedException when the reader's thread is interrupted; the session is then cancelled
     */
    SessionEvent next() throws InterruptedException;

    /** Ends the generation with what it has, reason STOP: a guest has seen enough. */
    void stop();

    @Override
    void close();
}
