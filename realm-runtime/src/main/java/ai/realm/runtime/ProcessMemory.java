package ai.realm.runtime;

import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * The memory that this process may use, and what of it is for models.
 *
 * @param totalBytes of the machine, or the limit of the cgroup that the process is in
 * @param heapBytes the JVM's heap at most
 * @param modelBytes what is left for weights and KV blocks
 */
public record ProcessMemory(long totalBytes, long heapBytes, long modelBytes) {
    /** Code, thread stacks, compiled methods and buffers of the JVM beside its heap. */
    private static final long JVM_BYTES = 512L << 20;
    private static final long LEAST = 256L << 20;

    /** Asks the JVM, which knows of cgroups v1 and v2. */
    public static ProcessMemory detect() {
        long total = ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : 2 * Runtime.getRuntime().maxMemory();
        return of(total, Runtime.getRuntime().maxMemory());
    }

    static ProcessMemory of(long total, long heap) {
        return new ProcessMemory(total, heap, Math.max(LEAST, total - total / 10 - heap - JVM_BYTES));
    }

    /** One line for the start-up log. */
    public String describe() {
        return String.format(Locale.ROOT, "memory %d MB, heap at most %d MB, models at most %d MB", totalBytes >> 20,
                heapBytes >> 20, modelBytes >> 20);
    }
}
