package ai.realm.server.cli.catalog;

import ai.realm.runtime.ProcessMemory;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whether a model has room here.
 *
 * @param needed about what it takes, its weights and a small context
 * @param available what models may have in a server of this machine
 */
public record Fit(long needed, long available) {
    private static final double MIB = 1 << 20;
    /** Keys, values and buffers beside the weights. */
    private static final long BESIDE = 256L << 20;

    /** @param bytes of the model's files; 0 when not known, which gives null */
    public static @Nullable Fit of(long bytes) {
        return bytes == 0 ? null : new Fit(bytes + bytes / 20 + BESIDE, ProcessMemory.detect().modelBytes());
    }

    public boolean fits() {
        return needed <= available;
    }

    /** As a sentence. */
    public String text() {
        return String.format(Locale.ROOT, "it needs about %.0f MiB, and models may have %.0f MiB on this machine: %s",
                needed / MIB,
                available / MIB,
                fits() ? "it fits" : String.format(Locale.ROOT, "%.0f MiB are missing", (needed - available) / MIB));
    }
}
