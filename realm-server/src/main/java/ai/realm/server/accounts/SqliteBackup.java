package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Copies of the database in a data directory, and back; while a server uses it, a copy is as of one moment. */
public final class SqliteBackup {
    private static final String NAME = "realm.db";
    /** What is committed and not yet in the one file. */
    private static final String LOG = "-wal";
    /** Where in the log it is: SQLite makes it again. */
    private static final String INDEX = "-shm";

    /**
     * What a copy holds.
     *
     * @param schema the newest step of its tables
     */
    public record Content(int schema, long tenants, long requests) {}

    private SqliteBackup() {
    }

    /**
     * Writes a copy that only the owner may read.
     *
     * @param to a file that is not there yet
     */
    public static Content backup(Path data, Path to) {
        Path from = data.resolve(NAME);
        if (!Files.isRegularFile(from)) {
            throw bad("there is no " + NAME + " in " + data, null);
        }
        try {
            createPrivate(to);
        } catch (FileAlreadyExistsException e) {
            throw bad(to + " is there already; choose another name", e);
        } catch (IOException e) {
            throw bad(to + " cannot be written: " + e, e);
        }
        try {
            return copy(from, to);
        } catch (RealmException e) {
            deleteQuietly(to);
            throw e;
        }
    }

    /** Everything that is committed, whichever of SQLite's files it is in; on the disk and checked when this returns. */
    private static Content copy(Path from, Path to) {
        try (Connection c = open(from, true); PreparedStatement s = c.prepareStatement("VACUUM INTO ?")) {
            s.setString(1, to.toString());
            s.execute();
        } catch (SQLException e) {
            throw bad(from + " cannot be copied: " + e.getMessage(), e);
        }
        try (FileChannel file = FileChannel.open(to, StandardOpenOption.WRITE)) {
            file.force(true);
        } catch (IOException e) {
            throw bad(to + " cannot be written: " + e, e);
        }
        return check(to);
    }

    private static void createPrivate(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } else {
            Files.createFile(file);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // What failed first is what counts.
        }
    }

    /**
     * Puts a copy in the place of a data directory's database, which is kept beside it under another name. What fails before the copy is
     * whole and on the disk changes nothing.
     *
     * @param aside what the database of before is called from now on
     */
    public static Content restore(Path from, Path data, String aside) {
        check(from);
        Path to = data.resolve(NAME);
        Path part = data.resolve(NAME + ".part");
        try {
            if (Files.exists(to)) {
                requireUnused(to);
            }
            Files.deleteIfExists(part);
            OwnersFile.in(data, NAME + ".part");
            Content content = copy(from, part);
            replace(part, data, data.resolve(aside));
            return content;
        } catch (IOException e) {
            deleteQuietly(part);
            throw bad("the copy cannot be put into " + data + ": " + e, e);
        } catch (RealmException e) {
            deleteQuietly(part);
            throw e;
        }
    }

    private static void replace(Path part, Path data, Path aside) throws IOException {
        Path to = data.resolve(NAME);
        boolean replaced = Files.exists(to);
        if (replaced) {
            Files.move(to, aside);
        }
        try {
            // SQLite would take what it finds there for the new database's; without it the old one may not be whole.
            moveLog(to, aside);
            Files.deleteIfExists(beside(to, INDEX));
            Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            putBack(to, aside, replaced, e);
            throw e;
        }
        try (FileChannel directory = FileChannel.open(data, StandardOpenOption.READ)) {
            directory.force(true);
        } catch (IOException e) {
            // Not every system can do that with a directory; the names are right.
        }
    }

    private static void moveLog(Path from, Path to) throws IOException {
        if (Files.exists(beside(from, LOG))) {
            Files.move(beside(from, LOG), beside(to, LOG));
        }
    }

    private static Path beside(Path database, String end) {
        return database.resolveSibling(database.getFileName() + end);
    }

    private static void putBack(Path to, Path aside, boolean replaced, IOException cause) {
        try {
            moveLog(aside, to);
            if (replaced) {
                Files.move(aside, to);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** Nobody else has it open, and all of it is in the one file. */
    private static void requireUnused(Path file) {
        try (Connection c = open(file, false); Statement s = c.createStatement()) {
            s.execute("PRAGMA locking_mode = EXCLUSIVE");
            s.execute("BEGIN EXCLUSIVE");
            s.execute("COMMIT");
            s.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        } catch (SQLiteException e) {
            if (e.getResultCode() == SQLiteErrorCode.SQLITE_BUSY || e.getResultCode() == SQLiteErrorCode.SQLITE_LOCKED) {
                throw bad("a server uses " + file + "; stop it first", e);
            }
            // What cannot be read may be replaced.
        } catch (SQLException e) {
            throw bad(file + " cannot be looked at: " + e.getMessage(), e);
        }
    }

    /** Refuses what is no whole database of Realm's. */
    public static Content check(Path file) {
        if (!Files.isRegularFile(file)) {
            throw bad(file + " is no file", null);
        }
        try (Connection c = open(file, true); Statement s = c.createStatement()) {
            String state = text(s, "PRAGMA integrity_check(1)");
            if (!state.equals("ok")) {
                throw bad(file + " is damaged: " + state, null);
            }
            return new Content((int) number(s, "SELECT max(version) FROM schema_versions"),
                    number(s, "SELECT count(*) FROM tenants"), number(s, "SELECT count(*) FROM requests"));
        } catch (SQLException e) {
            throw bad(file + " is no database of Realm's: " + e.getMessage(), e);
        }
    }

    private static Connection open(Path file, boolean readOnly) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(readOnly);
        config.setBusyTimeout(readOnly ? 5000 : 2000);
        return DriverManager.getConnection("jdbc:sqlite:" + file.toAbsolutePath(), config.toProperties());
    }

    private static String text(Statement s, String sql) throws SQLException {
        try (ResultSet r = s.executeQuery(sql)) {
            return r.next() ? r.getString(1) : "";
        }
    }

    private static long number(Statement s, String sql) throws SQLException {
        try (ResultSet r = s.executeQuery(sql)) {
            return r.next() ? r.getLong(1) : 0;
        }
    }

    private static RealmException bad(String message, @Nullable Throwable cause) {
        return new RealmException(ErrorCode.INVALID_REQUEST, message, cause);
    }
}
