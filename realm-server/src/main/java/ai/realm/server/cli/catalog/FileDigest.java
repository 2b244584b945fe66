package ai.realm.server.cli.catalog;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files, read through a map in pieces. */
public final class FileDigest {
    private static final long PIECE = 64L << 20;

    private FileDigest() {
    }

    /** In lower-case hexadecimal. */
    public static String sha256(Path file) throws IOException {
        MessageDigest digest = newSha256();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            for (long at = 0; at < size; at += PIECE) {
                try (Arena arena = Arena.ofConfined()) {
                    digest.update(
                            channel.map(FileChannel.MapMode.READ_ONLY, at, Math.min(PIECE, size - at), arena).asByteBuffer());
                }
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
