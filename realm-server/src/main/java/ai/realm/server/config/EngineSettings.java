package ai.realm.server.config;

import ai.realm.runtime.engine.EngineOptions;

/**
 * How the models are run.
 *
 * @param memoryBytes for all models, their KV blocks included; 0 for what the process may use, its heap left out
 * @param threads that compute; 0 for as many as the process may use processors
 * @param options of each model's engine
 */
public record EngineSettings(long memoryBytes, int threads, EngineOptions options) {
    private static final long HEAP_OF_A_REQUEST = 4L << 20;
    private static final int CHOICES_WAITING = 2;

    /** Every size from the memory that the process may use. */
    public static EngineSettings defaults() {
        EngineOptions d = EngineOptions.defaults();
        return new EngineSettings(0, 0, d.withLimits(d.maxRunning(), CHOICES_WAITING * requests(), d.tokenBudget()));
    }

    /** Requests at the same time that the heap has room for: a body, its JSON, a prompt and a guest's memory each. */
    static int requests() {
        return (int) Math.clamp(Runtime.getRuntime().maxMemory() / HEAP_OF_A_REQUEST, 64, 1024);
    }
}
