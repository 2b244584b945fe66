package ai.realm.runtime.store;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a model's file is: the only way from a name to a path, given by configuration and never by a request.
 *
 * @param name what requests say
 * @param sha256 in hexadecimal, verified before each load; null when not known
 * @param contextLength positions a sequence may have; 0 for what the model was trained for
 * @param adapterOf the name of the model that this is a LoRA adapter for, which begins its name, {@code MODEL:ADAPTER}; null for a model
 * @param adapterScale how strongly the adapter counts, usually 1
 * @param metadata values of keys that count here instead of the file's
 */
public record ModelSource(String name, Path file, @Nullable String sha256, int contextLength, @Nullable String adapterOf,
        float adapterScale, Map<String, Object> metadata) {
    public ModelSource {
        metadata = Map.copyOf(metadata);
        if (name.isBlank()) {
            throw new IllegalArgumentException("a model's name must not be blank");
        }
        if (contextLength < 0) {
            throw new IllegalArgumentException("context length must be 0 (the model's) or more, not " + contextLength);
        }
    }

    /** A model or an adapter whose file says all. */
    public ModelSource(String name, Path file, @Nullable String sha256, int contextLength, @Nullable String adapterOf,
            float adapterScale) {
        this(name, file, sha256, contextLength, adapterOf, adapterScale, Map.of());
    }

    /** A model of its own. */
    public ModelSource(String name, Path file, @Nullable String sha256, int contextLength) {
        this(name, file, sha256, contextLength, null, 1f, Map.of());
    }

    public ModelSource(String name, Path file) {
        this(name, file, null, 0);
    }
}
