package ai.realm.runtime.engine;

import org.jspecify.annotations.Nullable;

/**
 * The port for metrics: what happens in engines, as it happens. Called on engine threads: must be quick, thread-safe and not throw.
 * All times are nanoseconds.
 */
public interface EngineListener {
    /** Nothing is listening. */
    EngineListener NONE = new EngineListener() {
    };

    /** A forward pass with its sampling has ended. */
    default void step(String model, int tokens, int sequences, long nanos) {
    }

    /** A sequence left the queue for the first time. */
    default void started(String model, String tenant, long queueNanos) {
    }

    /** A sequence's first token was sampled, so long after its submission. */
    default void firstToken(String model, String tenant, long ttftNanos) {
    }

    /** A further token, so long after the one before. */
    default void nextToken(String model, String tenant, long itlNanos) {
    }

    /**
     * A sequence has left the engine.
     *
     * @param reason {@code stop}, {@code length}, {@code cancelled} or {@code error}
     * @param errorCode the name of the error's code, or null
     */
    default void ended(String model, String tenant, String reason, @Nullable String errorCode, int promptTokens, int cachedTokens,
            int generatedTokens, long e2eNanos) {
    }

    /** An engine has ended: its model was unloaded. Nothing that it counted comes after this. */
    default void closed(EngineSnapshot last) {
    }
}
