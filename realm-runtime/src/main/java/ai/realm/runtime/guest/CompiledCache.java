package ai.realm.runtime.guest;

import com.dylibso.chicory.compiler.Cache;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiled modules on disk, so that a restart need not compile them again. What is loaded from here becomes code of the server, so
 * each file begins with a keyed digest of its content, its module and the compiler that made it; a file that does not match is
 * deleted and compiled anew. The key lies beside them, readable only by the server's user.
 */
final class CompiledCache implements Cache {
    private static final Logger LOG = LoggerFactory.getLogger(CompiledCache.class);
    private static final int TAG_BYTES = 32;

    private final Path folder;
    private final byte[] key;

    CompiledCache(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.key = key(folder.resolve("key"));
    }

    private static byte[] key(Path file) throws IOException {
        try {
            byte[] fresh = new byte[TAG_BYTES];
            new SecureRandom().nextBytes(fresh);
            boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
            Path created = posix
                    ? Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
                    : Files.createFile(file);
            Files.write(created, fresh, StandardOpenOption.TRUNCATE_EXISTING);
            return fresh;
        } catch (FileAlreadyExistsException e) {
            byte[] known = Files.readAllBytes(file);
            if (known.length != TAG_BYTES) {
                throw new IOException("the key of the compiled guests, " + file + ", has " + known.length + " bytes instead of "
                        + TAG_BYTES + "; delete the folder to begin anew", e);
            }
            return known;
        }
    }

    /** The cache in {@code folder}, or null, with a line in the log, when it cannot be used. */
    static @Nullable CompiledCache open(@Nullable Path folder) {
        try {
            return folder == null ? null : new CompiledCache(folder);
        } catch (IOException e) {
            LOG.warn("compiled guests are not kept on disk folder={} cause={}", folder, e.toString());
            return null;
        }
    }

    /** The compiled classes of a module as they were put here, or null; a disk that fails is as good as an empty one. */
    @Override
    public byte @Nullable [] get(String module) {
        try {
            return read(module, file(module));
        } catch (IOException e) {
            LOG.warn("a compiled guest on disk cannot be read cause={}", e.toString());
            return null;
        }
    }

    private byte @Nullable [] read(String module, Path file) throws IOException {
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return null;
        }
        if (content.length > TAG_BYTES) {
            byte[] compiled = Arrays.copyOfRange(content, TAG_BYTES, content.length);
            if (MessageDigest.isEqual(tag(module, compiled), Arrays.copyOf(content, TAG_BYTES))) {
                return compiled;
            }
        }
        LOG.warn("a compiled guest on disk is damaged or not ours, it is compiled anew file={}", file.getFileName());
        Files.deleteIfExists(file);
        return null;
    }

    @Override
    public void putIfAbsent(String module, byte[] compiled) {
        Path file = file(module);
        try {
            if (!Files.exists(file)) {
                write(module, compiled, file);
            }
        } catch (IOException e) {
            LOG.warn("a compiled guest cannot be kept on disk cause={}", e.toString());
        }
    }

    private void write(String module, byte[] compiled, Path file) throws IOException {
        Path part = Files.createTempFile(folder, "new", ".part");
        try {
            byte[] content = Arrays.copyOf(tag(module, compiled), TAG_BYTES + compiled.length);
            System.arraycopy(compiled, 0, content, TAG_BYTES, compiled.length);
            Files.write(part, content);
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

    private Path file(String module) {
        return folder.resolve(module.replaceAll("[^0-9A-Za-z-]", "-") + ".guest");
    }

    private byte[] tag(String module, byte[] compiled) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(Text.utf8(module + '\0' + GuestCompiler.COMPILER + '\0'));
            return mac.doFinal(compiled);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
