package ai.realm.runtime.guest;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the operator sets for the guests of all tenants together.
 *
 * @param cpuShare part of the machine's processors that guest code may use, above 0 and at most 1
 * @param maxInstances instances at the same time; a request beyond is refused as OVERLOADED
 * @param memoryPages pages of 64 KiB that all instances together may have
 * @param compiledCache folder where compiled modules are kept, or null for none
 * @param compiledMegabytes compiled code that is held in memory; what was not used for longest goes first
 * @param modules how much of each kind a module may have
 * @param listener told about instances and limits
 * @param lines gets what guests log
 */
public record GuestHostOptions(double cpuShare, int maxInstances, int memoryPages, @Nullable Path compiledCache,
        int compiledMegabytes, ModuleLimits modules, GuestListener listener, GuestLines lines) {

    public GuestHostOptions {
        if (!(cpuShare > 0 && cpuShare <= 1)) {
            throw new IllegalArgumentException("the guests' CPU share must be above 0 and at most 1, not " + cpuShare);
        }
        if (maxInstances < 1) {
            throw new IllegalArgumentException("guest instances at the same time must be at least 1, not " + maxInstances);
        }
        if (memoryPages < 1) {
            throw new IllegalArgumentException("memory pages of all guests must be at least 1, not " + memoryPages);
        }
    }

    /** A quarter of the processors, 256 instances, a quarter of the heap, no cache on disk, nobody listening. */
    public static GuestHostOptions defaults() {
        long pages = Runtime.getRuntime().maxMemory() / 4 / 65_536;
        return new GuestHostOptions(0.25, 256, (int) Math.clamp(pages, 64, Integer.MAX_VALUE), null, 128,
                ModuleLimits.defaults(), GuestListener.NONE, GuestLines.NONE);
    }

    public GuestHostOptions withCpuShare(double share) {
        return new GuestHostOptions(share, maxInstances, memoryPages, compiledCache, compiledMegabytes, modules, listener, lines);
    }

    public GuestHostOptions withMaxInstances(int instances) {
        return new GuestHostOptions(cpuShare, instances, memoryPages, compiledCache, compiledMegabytes, modules, listener, lines);
    }

    public GuestHostOptions withMemoryPages(int pages) {
        return new GuestHostOptions(cpuShare, maxInstances, pages, compiledCache, compiledMegabytes, modules, listener, lines);
    }

    public GuestHostOptions withCompiledCache(@Nullable Path folder) {
        return new GuestHostOptions(cpuShare, maxInstances, memoryPages, folder, compiledMegabytes, modules, listener, lines);
    }

    public GuestHostOptions withCompiledMegabytes(int megabytes) {
        return new GuestHostOptions(cpuShare, maxInstances, memoryPages, compiledCache, megabytes, modules, listener, lines);
    }

    public GuestHostOptions withModules(ModuleLimits limits) {
        return new GuestHostOptions(cpuShare, maxInstances, memoryPages, compiledCache, compiledMegabytes, limits, listener,
                lines);
    }

    public GuestHostOptions withListener(GuestListener l) {
        return new GuestHostOptions(cpuShare, maxInstances, memoryPages, compiledCache, compiledMegabytes, modules, l, lines);
    }

    public GuestHostOptions withLines(GuestLines l) {
        return new GuestHostOptions(cpuShare, maxInstances, memoryPages, compiledCache, compiledMegabytes, modules, listener, l);
    }
}
