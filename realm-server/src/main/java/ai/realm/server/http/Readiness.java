package ai.realm.server.http;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether the server wants requests: not before its models are warm, and no more once it drains. Thread-safe. */
public final class Readiness {
    /** Where the server is in its life. */
    public enum State {
        LOADING,
        READY,
        DRAINING
    }

    private volatile State state = State.LOADING;
    private volatile List<Supplier<@Nullable String>> checks = List.of();

    /** @param all each says what keeps the server from taking requests, null when nothing does */
    public void check(List<Supplier<@Nullable String>> all) {
        checks = List.copyOf(all);
    }

    /** What keeps a server that is ready from taking requests; null when nothing does. */
    public @Nullable String problem() {
        return checks.stream().map(Supplier::get).filter(Objects::nonNull).findFirst().orElse(null);
    }

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
