package ai.realm.runtime.guest;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiled modules on disk, so that a restart need not compile them again. What is loaded from here becomes code of the server.
 * So each file begins with a keyed digest of its content, its module and the compiler that made it. A file that does not match,
 * is somebody else's or could be written by others is deleted and compiled anew. The key lies beside them, readable only by the
 * server's user. When they are too many bytes together, those that were not used for longest go.
 */
final class CompiledCache {
    private static final Logger LOG = LoggerFactory.getLogger(CompiledCache.class);
    private static final int TAG_BYTES = 32;
    private static final String SUFFIX = ".guest";
    /** A module of the largest size allowed becomes less than this. */
    private static final long MAX_ENTRY_BYTES = 256L << 20;
    private static final long MAX_BYTES = 1L << 30;

    private final PrivateFolder files;
    private final long maxBytes;
    private final byte[] key;

    CompiledCache(Path folder) throws IOException {
        this(folder, MAX_BYTES);
    }

    /** @param maxBytes of all entries together */
    CompiledCache(Path folder, long maxBytes) throws IOException {
        this.files = new PrivateFolder(folder);
        this.maxBytes = maxBytes;
        this.key = key(files.file("key"));
    }

    /** The key that is there; one that cannot be trusted is replaced, and with it goes every entry. */
    private byte[] key(Path file) throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            String fault = files.fault(file);
            byte[] known = fault == null && Files.size(file) == TAG_BYTES ? Files.readAllBytes(file) : new byte[0];
            if (known.length == TAG_BYTES) {
                return known;
            }
            LOG.warn("the key of the compiled guests {}, a new one is made and they are compiled anew file={}",
                    fault == null ? "is damaged" : fault, file);
        }
        byte[] fresh = new byte[TAG_BYTES];
        new SecureRandom().nextBytes(fresh);
        files.write(file, fresh);
        return fresh;
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
    byte @Nullable [] get(String module) {
        try {
            return read(module, file(module));
        } catch (IOException e) {
            LOG.warn("a compiled guest on disk cannot be read cause={}", e.toString());
            return null;
        }
    }

    private byte @Nullable [] read(String module, Path file) throws IOException {
        String fault;
        try {
            fault = files.fault(file);
            long size = Files.size(file);
            if (fault == null && size > TAG_BYTES && size <= MAX_ENTRY_BYTES) {
                byte[] content = Files.readAllBytes(file);
                byte[] compiled = Arrays.copyOfRange(content, TAG_BYTES, content.length);
                if (MessageDigest.isEqual(tag(module, compiled), Arrays.copyOf(content, TAG_BYTES))) {
                    Files.setLastModifiedTime(file, FileTime.from(Clock.systemUTC().instant()));
                    return compiled;
                }
            }
        } catch (NoSuchFileException e) {
            return null;
        }
        LOG.warn("a compiled guest on disk {}, it is compiled anew file={}", fault == null ? "is damaged or not ours" : fault,
                file.getFileName());
        Files.deleteIfExists(file);
        return null;
    }

    /** @return whether it is on the disk now, by whoever put it there */
    boolean putIfAbsent(String module, byte[] compiled) {
        Path file = file(module);
        try {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                files.write(file, tag(module, compiled), compiled);
                makeRoom();
            }
            return Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            LOG.warn("a compiled guest cannot be kept on disk cause={}", e.toString());
            return false;
        }
    }

    private record Entry(Path file, long bytes, long usedMillis) {}

    private void makeRoom() throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(files.folder(), "*" + SUFFIX)) {
            for (Path f : found) {
                entries.add(new Entry(f, Files.size(f), Files.getLastModifiedTime(f).toMillis()));
            }
        }
        long bytes = entries.stream().mapToLong(Entry::bytes).sum();
        entries.sort(Comparator.comparingLong(Entry::usedMillis));
        for (Entry oldest : entries) {
            if (bytes <= maxBytes) {
                return;
            }
            Files.deleteIfExists(oldest.file());
            bytes -= oldest.bytes();
        }
    }

    private Path file(String module) {
        return files.file(module.replaceAll("[^0-9A-Za-z-]", "-") + SUFFIX);
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
