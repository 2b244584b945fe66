package ai.realm.runtime.guest;

import java.time.Duration;

/**
 * The limits of one tenant's guest, each with a safe default.
 *
 * @param memoryPages pages of 64 KiB that an instance's memory may have
 * @param tableElements elements that a table may have
 * @param stackBytes stack of the thread that runs an instance
 * @param deadline wall clock from the instance's creation to its answer, host calls included
 * @param cpuTime time that guest code itself may run
 * @param generations calls of {@code realm_host_generate} in a request
 * @param generatedTokens tokens generated in a request
 * @param outputBytes bytes of text sent to the client in a request
 * @param logLines lines logged in a request
 * @param kvBytes bytes in the tenant's store, keys and values
 * @param kvUpdates updates of the tenant's store in a request that others must see at once
 * @param concurrentInstances instances of the tenant at the same time
 * @param moduleBytes size of a module
 * @param compileTime processor time that compiling a module may take
 * @param outside what it may ask of encoders and of other machines
 * @param sequences sequences that the guest steers
 */
public record GuestLimits(int memoryPages, int tableElements, int stackBytes, Duration deadline, Duration cpuTime,
        int generations,
        int generatedTokens, int outputBytes, int logLines, long kvBytes, int kvUpdates, int concurrentInstances, int moduleBytes,
        Duration compileTime, Outside outside, Sequences sequences) {

    /**
     * What a request may ask of encoders and of other machines.
     *
     * @param embeddings texts that become vectors
     * @param httpRequests exchanges
     * @param httpBytes bodies sent and received, all together
     * @param httpTime wall clock, all together
     */
    public record Outside(int embeddings, int httpRequests, long httpBytes, Duration httpTime) {
        public static Outside defaults() {
            return new Outside(32, 8, 1 << 20, Duration.ofSeconds(5));
        }
    }

    /**
     * Of sequences in a request.
     *
     * @param open at the same time; 0: the tenant's guests may have none
     * @param forks of them in all
     * @param positions tokens that they hold together
     */
    public record Sequences(int open, int forks, int positions) {
        public static Sequences defaults() {
            return new Sequences(8, 32, 16_384);
        }
    }

    /** With what may be asked outside, and sequences, by default. */
    public GuestLimits(int memoryPages, int tableElements, int stackBytes, Duration deadline, Duration cpuTime, int generations,
            int generatedTokens, int outputBytes, int logLines, long kvBytes, int kvUpdates, int concurrentInstances,
            int moduleBytes, Duration compileTime) {
        this(memoryPages, tableElements, stackBytes, deadline, cpuTime, generations, generatedTokens, outputBytes, logLines,
                kvBytes, kvUpdates, concurrentInstances, moduleBytes, compileTime, Outside.defaults(),
                Sequences.defaults());
    }

    /** The same but for the processor time of compiling. */
    public GuestLimits withCompileTime(Duration time) {
        return new GuestLimits(memoryPages, tableElements, stackBytes, deadline, cpuTime, generations, generatedTokens,
                outputBytes, logLines, kvBytes, kvUpdates, concurrentInstances, moduleBytes, time, outside, sequences);
    }

    /** The same but for sequences. */
    public GuestLimits withSequences(Sequences other) {
        return new GuestLimits(memoryPages, tableElements, stackBytes, deadline, cpuTime, generations, generatedTokens,
                outputBytes, logLines, kvBytes, kvUpdates, concurrentInstances, moduleBytes, compileTime, outside, other);
    }

    public static GuestLimits defaults() {
        return new GuestLimits(256, 10_000, 1 << 20, Duration.ofSeconds(120), Duration.ofSeconds(2), 32, 65_536, 4 << 20, 100,
                1 << 20, 64, 64, 4 << 20, Duration.ofSeconds(10));
    }
}
