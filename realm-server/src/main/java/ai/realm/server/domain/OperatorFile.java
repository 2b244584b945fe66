package ai.realm.server.domain;

import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The one check of files that an operator names, in a configuration, by the admin API or on the command line. Such a name may lead to
 * a pipe that never ends, a device that gives for ever or a file of secrets: only regular files are read, as far as a bound, and no
 * error tells what is in them.
 */
public final class OperatorFile {
    /** The most that a guest's module may have, whatever its tenant is allowed. */
    public static final int MODULE = 64 << 20;
    /** A {@code realm.yaml}. */
    static final int CONFIGURATION = 64 << 20;

    private OperatorFile() {
    }

    /**
     * A path from its text.
     *
     * @param what the setting or parameter that has it
     * @throws RealmException INVALID_REQUEST
     */
    public static Path path(String what, String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw RealmException.badParam(what, what + " is not the name of a file: " + e.getReason());
        }
    }

    /**
     * Refuses what is there and is no regular file.
     *
     * @throws RealmException INVALID_REQUEST
     */
    public static Path requireNoOther(String what, Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw RealmException.badParam(what, what + " must be a regular file, and " + file + " is not");
        }
        return file;
    }

    /**
     * Refuses what is no regular file.
     *
     * @throws RealmException INVALID_REQUEST
     */
    public static Path require(String what, Path file) {
        if (!Files.exists(requireNoOther(what, file))) {
            throw RealmException.badParam(what, what + ": there is no file " + file);
        }
        return file;
    }

    /**
     * The bytes of a regular file.
     *
     * @param most the bytes that it may have
     * @throws RealmException INVALID_REQUEST
     */
    public static byte[] read(String what, Path file, int most) {
        require(what, file);
        try {
            long size = Files.size(file);
            // What the kernel shows as files of no bytes may give some, and may never end: the kernel's log waits for its next line.
            byte[] bytes = size == 0 ? new byte[0] : size > most ? null : readWhole(file, most);
            if (bytes == null || bytes.length > most) {
                throw RealmException.badParam(what, what + ": " + file + " has more than " + most + " bytes");
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw RealmException.badParam(what, what + ": there is no file " + file);
        } catch (IOException e) {
            // The reason alone: some systems' messages hold more than that.
            throw RealmException.badParam(what, what + ": " + file + " cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    /** Its size is what it says; what it gives is what counts. */
    private static byte[] readWhole(Path file, int most) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(most + 1);
        }
    }
}
