package ai.realm.server.cli.catalog;

import ai.realm.runtime.store.FileDigest;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
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
     * @param replaces whether files of these names that the hub no longer has may be written over; without it they are refused
     * @return the first file
     */
    public Path fetch(Path folder, boolean replaces, long maxBytes, int stallMillis, Download.Progress progress)
            throws IOException {
        for (CatalogEntry part : parts) {
            Path target = folder.resolve(part.file());
            boolean there = Files.exists(target);
            if (there && isSame(part, target, stallMillis)) {
                continue;
            }
            if (there && !replaces) {
                throw new IOException(target + " is there and is not the file that " + part.name()
                        + " stands for now; remove it and run the same command again");
            }
            new Download(part, token, target, maxBytes, stallMillis, progress).run();
        }
        return folder.resolve(first().file());
    }

    /** Whether a file is the hub's: by its digest, else by its size, which the server is asked for where the hub did not say it. */
    private boolean isSame(CatalogEntry part, Path target, int stallMillis) throws IOException {
        String digest = part.sha256();
        long size = Files.size(target);
        if (part.bytes() > 0 && part.bytes() != size) {
            return false;
        }
        if (digest != null) {
            return FileDigest.sha256(target).equals(digest);
        }
        return (part.bytes() > 0 ? part.bytes() : servedBytes(part, stallMillis)) == size;
    }

    /** A request whose body is not read: addresses signed for reading refuse the method that asks for headers alone. */
    private long servedBytes(CatalogEntry part, int stallMillis) throws IOException {
        URI url = part.url();
        if (url == null) {
            return -1;
        }
        HttpURLConnection connection = Connections.get(url, token, stallMillis, _ -> {});
        try {
            if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
                throw new IOException("the server answered " + connection.getResponseCode() + " for " + url);
            }
            return connection.getContentLengthLong();
        } finally {
            connection.disconnect();
        }
    }
}
