package ai.realm.server.cli.catalog;

import ai.realm.runtime.store.FileDigest;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The fetching of one file over HTTP so that it can be interrupted and resumed: bytes go to {@code FILE.part}, whose entity tag is
 * kept in {@code FILE.part.etag}; the file gets its name when size and digest are right, and not before.
 */
public final class Download {
    private static final int BUFFER = 1 << 20;
    private static final int MAX_ATTEMPTS = 8;
    /** Room to leave on the disk. */
    private static final long RESERVE = 64L << 20;

    private final CatalogEntry entry;
    private final @Nullable String token;
    private final URI url;
    private final Path target;
    private final Path part;
    private final Path tagFile;
    private final long maxBytes;
    private final int stallMillis;
    private final Progress progress;

    /** Told how far a download is. */
    @FunctionalInterface
    public interface Progress {
        /** @param total 0 when not known */
        void at(long done, long total);
    }

    /**
     * @param maxBytes a file larger than this is refused
     * @param stallMillis how long a connection may bring nothing
     */
    public Download(CatalogEntry entry, Path target, long maxBytes, int stallMillis, Progress progress) {
        this(entry, null, target, maxBytes, stallMillis, progress);
    }

    /** @param token for the entry's host, or null */
    Download(CatalogEntry entry, @Nullable String token, Path target, long maxBytes, int stallMillis, Progress progress) {
        URI from = entry.url();
        if (from == null) {
            throw new IllegalArgumentException("model " + entry.name() + " comes with Realm and has no url");
        }
        this.entry = entry;
        this.token = token;
        this.url = from;
        this.target = target;
        this.part = target.resolveSibling(target.getFileName() + ".part");
        this.tagFile = target.resolveSibling(target.getFileName() + ".part.etag");
        this.maxBytes = maxBytes;
        this.stallMillis = stallMillis;
        this.progress = progress;
    }

    /**
     * Fetches, resuming what an earlier attempt left; connections that break are tried again a few times as long as each brings
     * something.
     *
     * @throws IOException with a message that says what is wrong and what remains
     */
    public void run() throws IOException {
        Files.createDirectories(folder());
        for (int attempt = 1; !step(); attempt++) {
            if (attempt >= MAX_ATTEMPTS) {
                throw new IOException("the server's answers do not fit together; gave up after " + attempt + " attempts");
            }
        }
        verify();
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(tagFile);
    }

    private Path folder() {
        return target.toAbsolutePath().resolveSibling("");
    }

    /** One attempt; true when the part file is whole, false when another is worth making. */
    private boolean step() throws IOException {
        long before = partSize();
        try {
            return request(resumable(before) ? before : 0);
        } catch (BrokenBody e) {
            if (partSize() > before) {
                return false;
            }
            throw new IOException(e.getMessage() + "; " + partSize() + " bytes are kept, the same command resumes from there", e);
        }
    }

    /** Bytes from an earlier attempt are of use when they can be known to belong to the same file. */
    private boolean resumable(long have) {
        return have > 0 && (entry.sha256() != null || Files.exists(tagFile));
    }

    private boolean request(long have) throws IOException {
        String tag = have > 0 && Files.exists(tagFile) ? Files.readString(tagFile) : null;
        HttpURLConnection connection = connected(c -> {
            if (have > 0) {
                c.setRequestProperty("Range", "bytes=" + have + "-");
                if (tag != null) {
                    c.setRequestProperty("If-Range", tag);
                }
            }
        });
        try {
            return answer(connection, connection.getResponseCode(), have);
        } finally {
            connection.disconnect();
        }
    }

    private HttpURLConnection connected(Consumer<HttpURLConnection> prepared) throws IOException {
        try {
            return Connections.get(url, token, stallMillis, prepared);
        } catch (UnknownHostException | ConnectException e) {
            throw new IOException("no connection to " + url.getHost() + " (" + e + "): is there a network?", e);
        } catch (Connections.RefusedException e) {
            throw e;
        } catch (IOException e) {
            throw new BrokenBody("the connection to " + url.getHost() + " broke (" + e + ")", e);
        }
    }

    private boolean answer(HttpURLConnection connection, int status, long have) throws IOException {
        return switch (status) {
            case 200 -> receive(connection, 0);
            case 206 -> receive(connection, rangeStart(connection, have));
            case 416 -> rangeRefused(connection, have);
            case 404, 410 -> throw new IOException(
                    "not found (" + status + "): " + url + "; the file may have moved, see the model's page");
            case 401, 403 -> throw new IOException(
                    "access refused (" + status + "): " + url
                            + "; the model may ask for its licence to be accepted first, or for a token"
                            + " (HF_TOKEN, REALM_PULL_TOKEN), which goes to https addresses only");
            default -> throw new IOException("the server answered " + status + " for " + url);
        };
    }

    /** A server without the rest: the part is whole, or it is not of this file. */
    private boolean rangeRefused(HttpURLConnection connection, long have) throws IOException {
        OptionalLong total = totalOf(connection.getHeaderField("Content-Range"));
        if (total.isPresent() && total.getAsLong() == have) {
            return true;
        }
        forgetPart();
        return false;
    }

    private static long rangeStart(HttpURLConnection connection, long have) throws IOException {
        String range = connection.getHeaderField("Content-Range");
        if (range == null || !range.startsWith("bytes " + have + "-")) {
            throw new IOException("the server was asked for the bytes from " + have + " and sent " + range);
        }
        return have;
    }

    private static OptionalLong totalOf(@Nullable String contentRange) {
        String range = contentRange == null ? "" : contentRange;
        try {
            return OptionalLong.of(Long.parseLong(range.substring(range.lastIndexOf('/') + 1).trim()));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    private boolean receive(HttpURLConnection connection, long from) throws IOException {
        long length = connection.getContentLengthLong();
        long total = length >= 0 ? from + length : entry.bytes();
        checkSize(total);
        checkRoom(total - from);
        long done;
        try (InputStream body = connection.getInputStream()) {
            done = write(body, from, total, connection.getHeaderField("ETag"));
        }
        if (length >= 0 && done != total) {
            throw new BrokenBody("the connection to " + url.getHost() + " ended after " + done + " of " + total + " bytes", null);
        }
        return true;
    }

    private long write(InputStream body, long from, long total, @Nullable String tag) throws IOException {
        long done = from;
        byte[] buffer = new byte[BUFFER];
        try (FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            lock(out);
            out.truncate(from);
            out.position(from);
            // Not before: a tag beside bytes of another file would let them be resumed as bytes of this one.
            saveTag(tag);
            for (int n = read(body, buffer, done, total); n >= 0; n = read(body, buffer, done, total)) {
                checkSize(done + n);
                writeFully(out, ByteBuffer.wrap(buffer, 0, n));
                done += n;
                progress.at(done, total);
            }
            out.force(true);
        }
        return done;
    }

    private void lock(FileChannel out) throws IOException {
        FileLock lock;
        try {
            lock = out.tryLock();
        } catch (OverlappingFileLockException _) {
            lock = null;
        }
        if (lock == null) {
            throw new IOException("another process is fetching " + target);
        }
    }

    private int read(InputStream body, byte[] buffer, long done, long total) throws IOException {
        try {
            return body.read(buffer);
        } catch (IOException e) {
            throw new BrokenBody("the connection to " + url.getHost() + " broke after " + done
                    + (total > 0 ? " of " + total : "") + " bytes (" + e + ")", e);
        }
    }

    private void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        try {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (IOException e) {
            throw new IOException("cannot write " + part + ": " + e.getMessage() + "; free some space and run the same command "
                    + "again, it resumes", e);
        }
    }

    private void checkSize(long bytes) throws IOException {
        if (bytes > maxBytes) {
            throw new IOException("the file has more than " + maxBytes + " bytes, the limit");
        }
        if (entry.bytes() > 0 && bytes > entry.bytes()) {
            throw new IOException("the file must have " + entry.bytes() + " bytes and the server sends " + bytes);
        }
    }

    private void checkRoom(long bytes) throws IOException {
        long usable = Files.getFileStore(folder()).getUsableSpace();
        if (bytes > 0 && usable < bytes + RESERVE) {
            throw new IOException("the disk is too full: " + bytes + " bytes are wanted in " + folder()
                    + ", " + usable + " are free");
        }
    }

    private void verify() throws IOException {
        long size = partSize();
        if (entry.bytes() > 0 && size != entry.bytes()) {
            forgetPart();
            throw new IOException("the file must have " + entry.bytes() + " bytes, not " + size + "; it was discarded");
        }
        String want = entry.sha256();
        if (want == null) {
            return;
        }
        String got = FileDigest.sha256(part);
        if (!got.equals(want)) {
            forgetPart();
            throw new IOException("the file's SHA-256 must be " + want + ", not " + got + "; it was discarded");
        }
    }

    private long partSize() throws IOException {
        return Files.exists(part) ? Files.size(part) : 0;
    }

    private void forgetPart() throws IOException {
        Files.deleteIfExists(part);
        Files.deleteIfExists(tagFile);
    }

    /** A weak tag cannot vouch for bytes. */
    private void saveTag(@Nullable String tag) throws IOException {
        if (tag != null && !tag.startsWith("W/")) {
            Files.writeString(tagFile, tag);
        } else {
            Files.deleteIfExists(tagFile);
        }
    }

    /** A body that ended early: what came is kept, and it is worth asking again. */
    private static final class BrokenBody extends IOException {
        private static final long serialVersionUID = 1L;

        BrokenBody(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
