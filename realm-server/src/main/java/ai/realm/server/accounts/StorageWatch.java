package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the server can keep what it must keep: asks the database several times a second, looks at the room on the disk, and brings
 * what waits for the database to it when it is back. Thread-safe.
 */
public final class StorageWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StorageWatch.class);
    private static final Duration PERIOD = Duration.ofMillis(250);
    /** A database that has not answered for so long is lost. */
    private static final Duration BOUND = Duration.ofSeconds(2);
    /** Below it SQLite's next commits may fail. */
    private static final long LEAST_DISK = 8 << 20;
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    private final Database database;
    private final Accounts accounts;
    private final @Nullable Path disk;
    private final List<Runnable> waiting;
    private final AtomicReference<@Nullable String> shown = new AtomicReference<>();
    private volatile long lastAnswer = System.nanoTime();
    private volatile boolean full;
    private volatile boolean refused;
    /** Only the looking thread touches it. */
    private boolean said;
    private @Nullable Thread thread;
    private volatile boolean closed;

    /**
     * @param disk where the database's file is; null when it is another machine's
     * @param waiting what else waits for the database, tried again after the accounts; throws when it has to wait on
     */
    public StorageWatch(Database database, Accounts accounts, @Nullable Path disk, List<Runnable> waiting) {
        this.database = database;
        this.accounts = accounts;
        this.disk = disk;
        this.waiting = List.copyOf(waiting);
    }

    public void start() {
        thread = Thread.ofVirtual().name("storage-watch").start(() -> {
            while (!closed) {
                try {
                    look();
                    Thread.sleep(PERIOD);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    /** One look. */
    void look() {
        try {
            full = disk != null && Files.getFileStore(disk).getUsableSpace() < LEAST_DISK;
        } catch (IOException e) {
            full = true;
        }
        try {
            database.ask();
            lastAnswer = System.nanoTime();
            boolean kept = keep(accounts::keepWaiting);
            for (Runnable w : waiting) {
                kept &= keep(w);
            }
            refused = !kept;
        } catch (RealmException e) {
            refused = e.code() == ErrorCode.STORAGE_UNAVAILABLE;
        } catch (RuntimeException e) {
            sayOnce(e);
        }
        tell();
    }

    /** False when the database cannot take it now. What fails otherwise holds nothing else up. */
    private boolean keep(Runnable what) {
        try {
            what.run();
            return true;
        } catch (RealmException e) {
            return e.code() != ErrorCode.STORAGE_UNAVAILABLE;
        } catch (RuntimeException e) {
            sayOnce(e);
            return true;
        }
    }

    private void sayOnce(RuntimeException e) {
        if (!said) {
            said = true;
            LOG.error("what waits for the database could not be tried again", e);
        }
    }

    private void tell() {
        String now = problem();
        String before = shown.getAndSet(now);
        if (now != null && !now.equals(before)) {
            LOG.error("requests are refused: {}", now);
        } else if (now == null && before != null && !closed) {
            LOG.info("requests are admitted again: the database can be used");
        }
    }

    /** What keeps the server from taking requests, in words for its operator; null when nothing does. */
    public @Nullable String problem() {
        if (System.nanoTime() - lastAnswer > BOUND.toNanos()) {
            return "the database does not answer";
        }
        if (full) {
            return "the disk of the data directory is full";
        }
        int accountsWaiting = accounts.waiting();
        return refused && accountsWaiting > 0 ? "accounts of " + accountsWaiting + " requests wait for the database" : null;
    }

    /**
     * Refuses a request when what it uses could not be accounted for.
     *
     * @throws RealmException STORAGE_UNAVAILABLE
     */
    public void requireUsable() {
        if (problem() != null) {
            throw new RealmException(ErrorCode.STORAGE_UNAVAILABLE, "the server cannot keep accounts now; try again");
        }
    }

    @Override
    public void close() {
        closed = true;
        Thread watching = thread;
        if (watching != null) {
            watching.interrupt();
            try {
                watching.join(CLOSE_LIMIT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
