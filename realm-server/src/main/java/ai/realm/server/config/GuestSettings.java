package ai.realm.server.config;

import ai.realm.runtime.guest.ModuleLimits;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the operator sets for the guests of all tenants together.
 *
 * @param cpuShare part of the machine's processors that guest code of all tenants may use, above 0 and at most 1
 * @param instances instances at the same time over all tenants; more get 503
 * @param memoryMegabytes memory of all instances together; 0 is a quarter of the heap
 * @param versions guests that were pushed and are kept for each tenant, the newest
 * @param versionsMegabytes what they may have together
 * @param compiledMegabytes compiled code of guests that is held in memory
 * @param modules how much of each kind a module may have
 * @param cache where compiled modules are kept, or null for nowhere
 */
public record GuestSettings(double cpuShare, int instances, int memoryMegabytes, @Nullable Path cache, int versions,
        int versionsMegabytes, int compiledMegabytes, ModuleLimits modules) {
    /** The cache's folder in the data directory. */
    public static final Path CACHE = Path.of("compiled-guests");

    public static GuestSettings defaults() {
        return new GuestSettings(0.25, 256, 0, CACHE, 20, 32, 128, ModuleLimits.defaults());
    }

    public long versionsBytes() {
        return (long) versionsMegabytes << 20;
    }
}
