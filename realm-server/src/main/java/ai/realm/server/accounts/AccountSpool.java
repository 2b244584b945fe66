package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accounts that wait for the database, in a file whose room is taken when the server starts, so that a full disk can hold them too and
 * the next start finds what a killed server left. When that room is used up the rest waits in memory. Thread-safe.
 */
public final class AccountSpool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AccountSpool.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** Some 2,500 accounts: more than requests run when the database is lost, and then none are admitted. */
    private static final int ROOM = 1 << 20;
    /** Servers that share a directory have a file each. */
    private static final int MOST_FILES = 64;

    /** @param id by which the database knows the account when it is brought twice */
    record Entry(String id, RequestRecord record) {}

    private final Deque<Entry> waiting = new ArrayDeque<>();
    private final @Nullable FileChannel file;
    private int end;

    private AccountSpool(@Nullable FileChannel file) {
        this.file = file;
    }

    /** One that ends with the process. */
    static AccountSpool inMemory() {
        return new AccountSpool(null);
    }

    /** The first file of the directory that no other server has, with what is in it. */
    public static AccountSpool open(Path directory) {
        try {
            for (int i = 0; i < MOST_FILES; i++) {
                AccountSpool spool = tryOpen(OwnersFile.in(directory, name(i)));
                if (spool != null) {
                    spool.adopt(directory, i + 1);
                    return spool;
                }
            }
            throw new RealmException(ErrorCode.INTERNAL, MOST_FILES + " servers use " + directory + " already");
        } catch (IOException e) {
            throw new RealmException(ErrorCode.INTERNAL, "no file for waiting accounts can be made in " + directory + ": " + e,
                    e);
        }
    }

    private static String name(int number) {
        return number == 0 ? "accounts.spool" : "accounts-" + number + ".spool";
    }

    /** Takes what servers that are no more left in files of their own. */
    private void adopt(Path directory, int from) throws IOException {
        for (int i = from; i < MOST_FILES && Files.exists(directory.resolve(name(i))); i++) {
            AccountSpool other = tryOpen(directory.resolve(name(i)));
            if (other == null) {
                continue;
            }
            for (Entry e = other.first(); e != null; e = other.first()) {
                add(e);
                other.remove(e);
            }
            other.close();
        }
    }

    private static @Nullable AccountSpool tryOpen(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                AccountSpool spool = new AccountSpool(channel);
                spool.read();
                return spool;
            }
        } catch (OverlappingFileLockException e) {
            // Another server of this process has it.
            LOG.debug("{} is in use", path);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return null;
    }

    /** Lines of JSON up to the first zero byte; the last may be half written. */
    private synchronized void read() throws IOException {
        FileChannel channel = Objects.requireNonNull(file);
        ByteBuffer all = ByteBuffer.allocate(ROOM);
        while (all.hasRemaining() && channel.read(all, all.position()) >= 0) {
            // Until the file or the room ends.
        }
        byte[] bytes = all.array();
        int begin = 0;
        for (int i = 0; i < ROOM && bytes[i] != 0; i++) {
            if (bytes[i] == '\n') {
                parse(new String(bytes, begin, i - begin, StandardCharsets.UTF_8));
                begin = i + 1;
            }
        }
        end = begin;
        if (channel.size() < ROOM || hasBytes(bytes, end)) {
            // Zeros after what is whole, on blocks that are the file's from now on.
            write(new byte[ROOM - end], end);
        }
    }

    private static boolean hasBytes(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                return true;
            }
        }
        return false;
    }

    private void parse(String line) {
        try {
            waiting.add(JSON.readValue(line, Entry.class));
        } catch (JsonProcessingException e) {
            LOG.error("an account that waited cannot be read bytes={}", line.length());
        }
    }

    synchronized void add(Entry entry) {
        waiting.add(entry);
        if (file == null) {
            return;
        }
        try {
            byte[] line = (JSON.writeValueAsString(entry) + "\n").getBytes(StandardCharsets.UTF_8);
            if (end + line.length > ROOM) {
                LOG.error("the file for waiting accounts is full: this one waits in memory accounts={}", waiting.size());
                return;
            }
            write(line, end);
            end += line.length;
        } catch (IOException e) {
            LOG.error("an account waits in memory only: the file for waiting accounts cannot be written cause={}", e.toString());
        }
    }

    private void write(byte[] bytes, int at) throws IOException {
        FileChannel channel = Objects.requireNonNull(file);
        for (ByteBuffer left = ByteBuffer.wrap(bytes); left.hasRemaining();) {
            channel.write(left, at + left.position());
        }
        channel.force(false);
    }

    /** The one that waits longest; null when none does. */
    synchronized @Nullable Entry first() {
        return waiting.peek();
    }

    /** Forgets the first; the file is emptied when none is left. */
    synchronized void remove(Entry first) {
        waiting.remove(first);
        if (waiting.isEmpty() && file != null && end > 0) {
            try {
                write(new byte[end], 0);
                end = 0;
            } catch (IOException e) {
                LOG.warn("the file for waiting accounts cannot be emptied; the next start finds nothing new in it cause={}",
                        e.toString());
            }
        }
    }

    synchronized boolean isEmpty() {
        return waiting.isEmpty();
    }

    synchronized int size() {
        return waiting.size();
    }

    @Override
    public synchronized void close() {
        try {
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            LOG.warn("the file for waiting accounts was not closed cause={}", e.toString());
        }
    }
}
