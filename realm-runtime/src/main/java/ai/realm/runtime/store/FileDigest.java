package ai.realm.runtime.store;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files and of what is in memory. */
public final class FileDigest {
    private static final int CHUNK = 1 << 20;

    private FileDigest() {
    }

    /** In lower-case hexadecimal. */
    public static String sha256(Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // A pipe would block the reader, a device never end.
            throw new RealmException(ErrorCode.MODEL_INVALID, file.getFileName() + " is not a regular file");
        }
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
            while (in.read(chunk) >= 0) {
                sha.update(chunk.flip());
                chunk.clear();
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** Of so many bytes, in lower-case hexadecimal. */
    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** Throws MODEL_INVALID when the file is not the one that was meant. */
    public static void verify(Path file, String expected) throws IOException {
        String found = sha256(file);
        if (!found.equalsIgnoreCase(expected)) {
            throw new RealmException(ErrorCode.MODEL_INVALID,
                    "the file's SHA-256 must be " + expected + ", not " + found + ": it is damaged or another file");
        }
    }
}
