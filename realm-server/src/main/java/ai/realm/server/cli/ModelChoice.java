package ai.realm.server.cli;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.cli.catalog.CatalogEntry;
import ai.realm.server.cli.catalog.ModelCatalog;
import ai.realm.server.domain.Checks;
import ai.realm.server.domain.ModelEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code --model} means: nothing for the catalogue's first, a name of the catalogue, or a GGUF file, which gets its own name
 * from the file's.
 */
record ModelChoice(String name, ModelEntry entry) {

    static ModelChoice of(@Nullable String nameOrFile) throws IOException {
        if (nameOrFile != null && (nameOrFile.endsWith(".gguf") || nameOrFile.contains("/"))) {
            return ofFile(Path.of(nameOrFile));
        }
        return ofCatalog(nameOrFile);
    }

    /** @param nameOrNull null for the catalogue's first */
    static ModelChoice ofCatalog(@Nullable String nameOrNull) throws IOException {
        ModelCatalog catalog = ModelCatalog.open();
        CatalogEntry entry = nameOrNull == null ? catalog.defaultEntry() : catalog.get(nameOrNull);
        Optional<Path> file = catalog.locate(entry);
        if (file.isEmpty()) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND,
                    "model " + entry.name() + " is not on this machine yet: ./realm pull " + entry.name());
        }
        return of(entry, file.get());
    }

    private static ModelChoice of(CatalogEntry entry, Path file) {
        return new ModelChoice(entry.name(), new ModelEntry(file, 0, entry.sha256(), entry.system(), true, null, 1f,
                new ModelEntry.Offer(List.of(), entry.dimensions())));
    }

    private static ModelChoice ofFile(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "there is no file " + file);
        }
        ModelChoice known = known(file);
        if (known != null) {
            return known;
        }
        String base = file.getFileName().toString().replaceFirst("\\.gguf$", "").replaceAll("[^A-Za-z0-9._:-]", "-");
        String name = Checks.NAME.matcher(base).matches() ? base : "model";
        return new ModelChoice(name, new ModelEntry(file, 0, null, null, true));
    }

    /** What the catalogue says of this very file; null when it does not have it. */
    static @Nullable ModelChoice known(Path file) throws IOException {
        ModelCatalog catalog = ModelCatalog.open();
        for (CatalogEntry entry : catalog.entries()) {
            Optional<Path> at = catalog.locate(entry);
            if (at.isPresent() && Files.exists(file) && Files.isSameFile(at.get(), file)) {
                return of(entry, file);
            }
        }
        return null;
    }
}
