package ai.realm.runtime.guest;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A folder whose files only the server's own user can have written: made with rights for nobody else, and what is read from it must
 * be a plain file of that user which nobody else may write. Where files have no owners in POSIX's sense nothing is checked.
 */
final class PrivateFolder {
    private static final Set<PosixFilePermission> OTHERS_WRITE = Set.of(PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_WRITE);

    private final Path folder;
    /** The server's user; null where there are no POSIX rights. */
    private final @Nullable UserPrincipal user;

    /** @throws IOException also when the folder is there and is somebody else's, or others may write to it */
    PrivateFolder(Path folder) throws IOException {
        this.folder = folder;
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        boolean posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(folder, posix ? rights("rwx------") : new FileAttribute<?>[0]);
        }
        Path probe = Files.createTempFile(folder, "probe", ".part");
        try {
            this.user = posix ? Files.getOwner(probe) : null;
        } finally {
            Files.delete(probe);
        }
        String fault = fault(folder, true);
        if (fault != null) {
            throw new IOException("the folder " + folder + " " + fault);
        }
    }

    private static FileAttribute<?>[] rights(String permissions) {
        return new FileAttribute<?>[]{PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))};
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    Path folder() {
        return folder;
    }

    /** Why a file that exists must not be trusted, or null. */
    @Nullable
    String fault(Path file) throws IOException {
        return fault(file, false);
    }

    private @Nullable String fault(Path file, boolean wantFolder) throws IOException {
        if (user == null) {
            return null;
        }
        PosixFileAttributes a = Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (wantFolder ? !a.isDirectory() : !a.isRegularFile()) {
            return wantFolder ? "is not a folder" : "is not a plain file";
        }
        if (!a.owner().equals(user)) {
            return "belongs to " + a.owner().getName() + ", not to " + user.getName();
        }
        if (a.permissions().stream().anyMatch(OTHERS_WRITE::contains)) {
            return "may be written by others: " + PosixFilePermissions.toString(a.permissions());
        }
        return null;
    }

    /** Writes a file that is there whole or not at all, readable by the server's user only. */
    void write(Path file, byte[]... parts) throws IOException {
        Path part = Files.createTempFile(folder, "new", ".part");
        try {
            try (var out = Files.newOutputStream(part)) {
                for (byte[] bytes : parts) {
                    out.write(bytes);
                }
            }
            move(part, file);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
