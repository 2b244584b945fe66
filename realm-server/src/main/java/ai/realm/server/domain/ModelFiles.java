package ai.realm.server.domain;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where the files of models are: the catalogue of this installation. */
public interface ModelFiles {
    /**
     * The model of this name.
     *
     * @throws ai.realm.core.error.RealmException MODEL_NOT_FOUND when the catalogue does not have it, or not on this machine
     */
    ModelEntry named(String name);

    /** What the catalogue says of this very file; null when it does not have it. */
    @Nullable
    ModelEntry known(Path file);
}
