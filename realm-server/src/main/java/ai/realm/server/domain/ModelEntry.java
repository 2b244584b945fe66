package ai.realm.server.domain;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model to serve.
 *
 * @param context positions that a sequence may have, 0 for the model's own
 * @param sha256 of the file in hexadecimal, verified before it is loaded; null when not known
 * @param system the system message of chats that begin without one; null leaves that to the model's template
 * @param preload whether it is loaded when the server starts, and not when it is first wanted
 * @param adapterOf the model that this is a LoRA adapter for, whose name begins its own, {@code MODEL:ADAPTER}; null for a model
 * @param scale how strongly the adapter counts, 1 as it was trained
 */
public record ModelEntry(Path file, int context, @Nullable String sha256, @Nullable String system, boolean preload,
        @Nullable String adapterOf, float scale) {

    /** A model of its own. */
    public ModelEntry(Path file, int context, @Nullable String sha256, @Nullable String system, boolean preload) {
        this(file, context, sha256, system, preload, null, 1f);
    }
}
