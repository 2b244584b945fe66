package ai.realm.server.cli.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model that is not of the catalogue, as its hub describes it.
 *
 * @param parts its files, in order; the first stands for the model
 * @param token for the hub, or null
 */
public record RemoteModel(List<CatalogEntry> parts, @Nullable String token) {
    public RemoteModel {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a model has at least one file");
        }
    }

    /** What it will be called and where it comes from. */
    public CatalogEntry first() {
        return parts.getFirst();
    }

    /** Of all files together; 0 when not known. */
    public long bytes() {
        return parts.stream().anyMatch(p -> p.bytes() == 0) ? 0 : parts.stream().mapToLong(CatalogEntry::bytes).sum();
    }

    /**
     * Fetches what is not there yet, resuming what an earlier attempt left.
     *
     * @return the first file
     */
    public Path fetch(Path folder, long maxBytes, int stallMillis, Download.Progress progress) throws IOException {
        for (CatalogEntry part : parts) {
            Path target = folder.resolve(part.file());
            if (!Files.exists(target)) {
                new Download(part, token, target, maxBytes, stallMillis, progress).run();
            }
        }
        return folder.resolve(first().file());
    }
}
