package ai.realm.server.accounts;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/**
 * The file of the SQLite database, which holds hashes of keys and what guests store: nobody but the server's user may read it. SQLite
 * makes the files beside it with the same rights. Where files have no POSIX rights nothing is done.
 */
final class OwnersFile {
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwx------");
    /** What SQLite puts beside its file, which a server before may have left. */
    private static final List<String> BESIDE = List.of("", "-wal", "-shm", "-journal");

    private OwnersFile() {
    }

    /** Makes what is missing of the directory, for the owner alone, and the file, and takes a file that is there from others. */
    static Path in(Path directory, String name) throws IOException {
        boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
        Files.createDirectories(directory, rights(posix, DIRECTORY));
        Path file = directory.resolve(name);
        try {
            Files.createFile(file, rights(posix, FILE));
        } catch (FileAlreadyExistsException e) {
            for (String end : posix ? BESIDE : List.<String>of()) {
                takeFromOthers(directory.resolve(name + end));
            }
        }
        return file;
    }

    private static FileAttribute<?>[] rights(boolean posix, Set<PosixFilePermission> permissions) {
        return posix
                ? new FileAttribute<?>[]{PosixFilePermissions.asFileAttribute(permissions)}
                : new FileAttribute<?>[0];
    }

    private static void takeFromOthers(Path file) throws IOException {
        if (Files.exists(file) && !FILE.containsAll(Files.getPosixFilePermissions(file))) {
            Files.setPosixFilePermissions(file, FILE);
        }
    }
}
