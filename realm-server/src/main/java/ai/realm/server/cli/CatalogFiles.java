package ai.realm.server.cli;

import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The files of the catalogue of this installation, read anew each time. */
final class CatalogFiles implements ModelFiles {
    @Override
    public ModelEntry named(String name) {
        try {
            return ModelChoice.ofCatalog(name).entry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public @Nullable ModelEntry known(Path file) {
        try {
            ModelChoice choice = ModelChoice.known(file);
            return choice == null ? null : choice.entry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
