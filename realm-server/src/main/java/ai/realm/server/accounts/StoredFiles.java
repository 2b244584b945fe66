package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.StorageLimits;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Files of tenants, kept in pieces, so that none of them is ever one value of the database. Thread-safe. */
public final class StoredFiles {
    private static final int PIECE = 256 << 10;
    private static final String COLUMNS = "id, created_ms, expires_ms, name, purpose, bytes";

    private final Database database;
    private final Clock clock;

    /**
     * A file without its content.
     *
     * @param expiresMillis when it goes; 0 for never
     */
    public record StoredFile(String id, long createdMillis, long expiresMillis, String name, String purpose, long bytes) {}

    public StoredFiles(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    private static StoredFile row(ResultSet r) throws SQLException {
        return new StoredFile(r.getString(1), r.getLong(2), r.getLong(3), r.getString(4), r.getString(5), r.getLong(6));
    }

    /**
     * Keeps a file.
     *
     * @throws RealmException INSUFFICIENT_QUOTA
     */
    public void create(String tenant, StoredFile file, byte[] content, StorageLimits limits) {
        removeExpired();
        database.atomically(() -> {
            requireRoom(tenant, content.length, limits);
            write(file.id, 0, content);
            add(tenant, file);
        });
    }

    /** Refuses so many more bytes when they are more than the tenant may have. */
    private void requireRoom(String tenant, long more, StorageLimits limits) {
        long used = used(tenant);
        if (used + more > limits.fileBytes()) {
            throw new RealmException(ErrorCode.INSUFFICIENT_QUOTA, "the tenant's files have " + used + " bytes of the "
                    + limits.fileBytes() + " that they may have, which leaves no room for " + more + "; delete some");
        }
        long count = database.query(r -> r.getLong(1), "SELECT count(*) FROM files WHERE tenant = ?", tenant).getFirst();
        if (count >= limits.files()) {
            throw new RealmException(ErrorCode.INSUFFICIENT_QUOTA,
                    "the tenant has " + count + " files of the " + limits.files() + " that it may have; delete some");
        }
    }

    /** Bytes of a tenant's files and of the results of its batches that run. */
    public long used(String tenant) {
        return database.query(r -> r.getLong(1), "SELECT (SELECT coalesce(sum(bytes), 0) FROM files WHERE tenant = ?) "
                + "+ (SELECT coalesce(sum(bytes), 0) FROM batches WHERE tenant = ? AND unfinished = 1)", tenant, tenant)
                .getFirst();
    }

    /** A file whose content is written already. */
    void add(String tenant, StoredFile file) {
        database.update("INSERT INTO files (" + COLUMNS + ", tenant) VALUES (?, ?, ?, ?, ?, ?, ?)", file.id, file.createdMillis,
                file.expiresMillis, file.name, file.purpose, file.bytes, tenant);
    }

    /**
     * Writes the next pieces of a file that is not there yet.
     *
     * @param first the number of the first piece
     * @return the number of the piece after
     */
    int write(String id, int first, byte[] content) {
        int piece = first;
        for (int at = 0; at < content.length; at += PIECE) {
            database.update("INSERT INTO file_pieces (file, piece, data) VALUES (?, ?, ?)", id, piece++,
                    Arrays.copyOfRange(content, at, Math.min(content.length, at + PIECE)));
        }
        return piece;
    }

    void forgetPieces(String id) {
        database.update("DELETE FROM file_pieces WHERE file = ?", id);
    }

    private void removeExpired() {
        long now = clock.millis();
        database.update("DELETE FROM file_pieces WHERE file IN "
                + "(SELECT id FROM files WHERE expires_ms > 0 AND expires_ms <= ?)", now);
        database.update("DELETE FROM files WHERE expires_ms > 0 AND expires_ms <= ?", now);
    }

    /** Null when the tenant has none of this id, or not any more. */
    public @Nullable StoredFile find(String tenant, String id) {
        List<StoredFile> found = database.query(StoredFiles::row, "SELECT " + COLUMNS
                + " FROM files WHERE id = ? AND tenant = ? AND (expires_ms = 0 OR expires_ms > ?)", id, tenant, clock.millis());
        return found.isEmpty() ? null : found.getFirst();
    }

    /** All of a tenant, the oldest first. */
    public List<StoredFile> all(String tenant) {
        return database.query(StoredFiles::row, "SELECT " + COLUMNS
                + " FROM files WHERE tenant = ? AND (expires_ms = 0 OR expires_ms > ?) ORDER BY created_ms, id", tenant,
                clock.millis());
    }

    /** Hands the content on, piece by piece. */
    public void read(StoredFile file, Consumer<byte[]> to) {
        int next = 0;
        for (byte[] piece = piece(file, next); piece != null; piece = piece(file, next)) {
            to.accept(piece);
            next++;
        }
    }

    /** A piece of the content, from 0 on; null after the last. */
    public byte @Nullable [] piece(StoredFile file, int number) {
        List<byte[]> data = database.query(r -> r.getBytes(1), "SELECT data FROM file_pieces WHERE file = ? AND piece = ?",
                file.id,
                number);
        return data.isEmpty() ? null : data.getFirst();
    }

    /** False when there was none. */
    public boolean remove(String tenant, String id) {
        boolean[] removed = new boolean[1];
        database.atomically(() -> {
            removed[0] = database.update("DELETE FROM files WHERE id = ? AND tenant = ?", id, tenant) > 0;
            if (removed[0]) {
                forgetPieces(id);
            }
        });
        return removed[0];
    }
}
