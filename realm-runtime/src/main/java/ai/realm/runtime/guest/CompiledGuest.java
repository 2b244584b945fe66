package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import org.jspecify.annotations.Nullable;

/**
 * A module that may run: what is known of it, and its code as long as {@link CodeShelf} keeps it. Shared by all tenants with the same
 * bytes. Thread-safe.
 */
final class CompiledGuest implements GuestModule {
    private final GuestReport report;
    private final ModuleGate.Facts facts;
    private final long loadedBytes;
    private final @Nullable CompiledGuest engine;
    private final String imageKey;
    /** Written by the shelf only. */
    private volatile @Nullable GuestCode code;
    /** The code as bytes, when no disk has them. */
    private volatile @Nullable GuestImage image;
    private volatile long usedNanos = System.nanoTime();

    /**
     * @param image null when the disk has it
     * @param loadedBytes what the code takes while it is loaded
     * @param engine whose code a script runs on; null for a guest of its own
     * @param imageKey under which the disk has the image, or will have it
     */
    CompiledGuest(GuestReport report, ModuleGate.Facts facts, @Nullable GuestCode code, @Nullable GuestImage image,
            long loadedBytes, @Nullable CompiledGuest engine, String imageKey) {
        this.report = report;
        this.facts = facts;
        this.code = code;
        this.image = image;
        this.loadedBytes = loadedBytes;
        this.engine = engine;
        this.imageKey = imageKey;
    }

    GuestReport report() {
        return report;
    }

    ModuleGate.Facts facts() {
        return facts;
    }

    @Nullable
    GuestCode code() {
        return code;
    }

    void code(@Nullable GuestCode now) {
        code = now;
    }

    @Nullable
    GuestImage image() {
        return image;
    }

    @Nullable
    CompiledGuest engine() {
        return engine;
    }

    long loadedBytes() {
        return loadedBytes;
    }

    long usedNanos() {
        return usedNanos;
    }

    /** A script holds its engine's code, so letting go of that before it would free nothing. */
    void used() {
        usedNanos = System.nanoTime();
        if (engine != null) {
            engine.used();
        }
    }

    /** Under which the disk has the image. */
    String imageKey() {
        return imageKey;
    }

    @Override
    public String digest() {
        return report.digest();
    }

    @Override
    public int abiVersion() {
        return report.abiVersion();
    }

    /** Limits differ between tenants that share the code, so they are checked for each. */
    void requireWithin(GuestLimits limits) {
        if (report.moduleBytes() > limits.moduleBytes()) {
            throw GuestLimit.MODULE_BYTES.reached(limits.moduleBytes() + " bytes", report.moduleBytes() + " bytes");
        }
        if (report.memoryPages() > limits.memoryPages()) {
            throw refused(GuestLimit.MEMORY_PAGES, "its memory starts with " + report.memoryPages() + " pages",
                    limits.memoryPages());
        }
        if (limits.sequences().open() == 0 && steers()) {
            throw refused(GuestLimit.SEQUENCES, "it steers sequences (on_step, realm_host_grammar or realm_host_seq_…)", 0);
        }
        if (report.tableElements() > limits.tableElements()) {
            throw refused(GuestLimit.TABLE_ELEMENTS, "its tables start with " + report.tableElements() + " elements",
                    limits.tableElements());
        }
    }

    /** A script's engine imports everything, whatever the script uses. */
    private boolean steers() {
        return engine == null && (facts.onStep() || facts.imported().stream().anyMatch(HostImport::ofSequences));
    }

    private static GuestLimitException refused(GuestLimit limit, String what, int wanted) {
        return new GuestLimitException(limit, ErrorCode.GUEST_REFUSED, "the module was refused: " + what + "; wanted: at most "
                + wanted + " (" + limit.setting() + ")");
    }

    static CompiledGuest of(GuestModule module) {
        if (module instanceof CompiledGuest compiled) {
            return compiled;
        }
        throw new IllegalArgumentException("a guest module must come from this host's register, not " + module.getClass());
    }

    /**
     * The same with what starting it showed.
     *
     * @param taken what instances begin with now, or null
     */
    CompiledGuest started(int abiVersion, long compileNanos, @Nullable Snapshot taken) {
        GuestReport r = report;
        GuestCode made = code;
        GuestImage kept = image;
        if (kept != null) {
            kept = kept.started(abiVersion, taken);
            made = taken == null ? made : kept.load(null);
        }
        int pages = made == null || made.snapshot() == null
                ? r.memoryPages()
                : Math.max(r.memoryPages(), made.snapshot().pages());
        return new CompiledGuest(
                new GuestReport(r.digest(), r.moduleBytes(), r.imports(), r.exports(), abiVersion, pages, r.maxMemoryPages(),
                        r.tableElements(), r.functions(), r.seesTokens(), compileNanos),
                facts, made, kept, kept == null ? loadedBytes : kept.loadedBytes(), engine, imageKey);
    }

    /** The same without its image, which the disk has now. */
    CompiledGuest onDisk() {
        return new CompiledGuest(report, facts, code, null, loadedBytes, engine, imageKey);
    }
}
