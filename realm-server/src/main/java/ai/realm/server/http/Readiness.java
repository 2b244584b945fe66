package ai.realm.server.http;

/** Whether the server wants requests: not before its models are warm, and no more once it drains. Thread-safe. */
public final class Readiness {
    /** Where the server is in its life. */
    public enum State {
        LOADING,
        READY,
        DRAINING
    }

    private volatile State state = State.LOADING;

    public State state() {
        return state;
    }

    public synchronized void ready() {
        if (state == State.LOADING) {
            state = State.READY;
        }
    }

    public synchronized void draining() {
        state = State.DRAINING;
    }
}
