package ai.realm.runtime.store;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a model's file is: the only way from a name to a path, given by configuration and never by a request.
 *
 * @param name what requests say
 * @param sha256 in hexadecimal, verified before each load; null when not known
 * @param contextLength positions a sequence may have; 0 for what the model was trained for
 */
public record ModelSource(String name, Path file, @Nullable String sha256, int contextLength) {
    public ModelSource {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a model's name must not be blank");
        }
        if (contextLength < 0) {
            throw new IllegalArgumentException("context length must be 0 (the model's) or more, not " + contextLength);
        }
    }

    public ModelSource(String name, Path file) {
        this(name, file, null, 0);
    }
}
