package ai.realm.server.domain;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
 * @param offer of a model alone, not of an adapter
 */
public record ModelEntry(Path file, int context, @Nullable String sha256, @Nullable String system, boolean preload,
        @Nullable String adapterOf, float scale, Offer offer) {

    /**
     * What the operator says of a model besides where it is.
     *
     * @param aliases other names that requests may give
     * @param dimensions lengths that its vectors may be cut to, besides their own
     * @param metadata values of the file's keys that count here instead of its own
     */
    public record Offer(List<String> aliases, List<Integer> dimensions, Map<String, Object> metadata) {
        public static final Offer NONE = new Offer(List.of(), List.of());

        /** A model whose file says all. */
        public Offer(List<String> aliases, List<Integer> dimensions) {
            this(aliases, dimensions, Map.of());
        }

        public Offer {
            aliases = List.copyOf(aliases);
            dimensions = List.copyOf(dimensions);
            metadata = Map.copyOf(metadata);
        }
    }

    /** A model that goes by its name alone. */
    public ModelEntry(Path file, int context, @Nullable String sha256, @Nullable String system, boolean preload,
            @Nullable String adapterOf, float scale) {
        this(file, context, sha256, system, preload, adapterOf, scale, Offer.NONE);
    }

    /** A model of its own. */
    public ModelEntry(Path file, int context, @Nullable String sha256, @Nullable String system, boolean preload) {
        this(file, context, sha256, system, preload, null, 1f);
    }
}
