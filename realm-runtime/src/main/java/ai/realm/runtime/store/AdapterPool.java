package ai.realm.runtime.store;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.model.Adapter;
import ai.realm.core.model.ModelConfig;
import ai.realm.runtime.store.ModelStatus.State;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The LoRA adapters of a store's models: each is read when it is first wanted, on a thread of its own, and shared by all who use it;
 * the one unused for the longest time makes room for another. One that is replaced or taken away ends with its last use. Thread-safe;
 * the lock is never held while a file is read.
 */
final class AdapterPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterPool.class);
    /** One that failed is not read again at every request. */
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final LongSupplier room;
    private final LongSupplier clock;
    private final Map<String, Entry> entries = new TreeMap<>();
    private final AtomicLong loads = new AtomicLong();
    private final ExecutorService loader = Executors
            .newSingleThreadExecutor(Thread.ofPlatform().daemon().name("adapter-loader").factory());

    /** An adapter in memory for one time that its model was loaded. */
    private record Loaded(LoadedModel model, Adapter adapter, long number) {}

    /** What is known of one name; replaced as a whole with its source. */
    private static final class Entry {
        final ModelSource source;
        @Nullable
        CompletableFuture<Loaded> loading;
        @Nullable
        LoadedModel loadingFor;
        @Nullable
        Loaded loaded;
        int leases;
        long lastUsed;
        long failedAt;
        @Nullable
        RealmException error;

        Entry(ModelSource source) {
            this.source = source;
        }
    }

    /** @param room bytes for models and adapters that the models leave */
    AdapterPool(LongSupplier room, LongSupplier clock) {
        this.room = room;
        this.clock = clock;
    }

    /** Adds an adapter, or replaces it for those who come from now on. */
    synchronized void register(ModelSource source) {
        entries.put(source.name(), new Entry(source));
    }

    /** False when there was none. */
    synchronized boolean forget(String name) {
        return entries.remove(name) != null;
    }

    synchronized boolean has(String name) {
        return entries.containsKey(name);
    }

    /** The model that an adapter is for. */
    synchronized Optional<String> modelOf(String name) {
        return Optional.ofNullable(entries.get(name)).map(e -> Objects.requireNonNull(e.source.adapterOf()));
    }

    /** The adapters of a model. */
    synchronized List<String> of(String model) {
        return entries.values().stream().filter(e -> model.equals(e.source.adapterOf())).map(e -> e.source.name()).toList();
    }

    /**
     * A use of an adapter by a model that is leased, waiting for it to be read as long as {@code wait}.
     *
     * @param base the lease of its model, closed with the one returned
     */
    ModelLease lease(String name, CountedLease base, Duration wait) {
        LoadedModel model = base.model();
        CompletableFuture<Loaded> loading;
        Entry e;
        synchronized (this) {
            e = entry(name);
            Loaded loaded = e.loaded;
            if (loaded != null && loaded.model == model) {
                return used(e, loaded, base);
            }
            loading = begin(e, model);
        }
        Loaded loaded = await(name, loading, wait);
        synchronized (this) {
            return used(e, loaded, base);
        }
    }

    private Entry entry(String name) {
        Entry e = entries.get(name);
        if (e == null) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "the model " + name + " does not exist", "model", null);
        }
        return e;
    }

    private ModelLease used(Entry e, Loaded loaded, CountedLease base) {
        e.leases++;
        e.lastUsed = clock.getAsLong();
        AdapterUse use = new AdapterUse(e.source.name(), loaded.number, new Adapter.Use(loaded.adapter, e.source.adapterScale()));
        return new CountedLease(e.source.name(), loaded.model, use, () -> {
            synchronized (this) {
                e.leases--;
                e.lastUsed = clock.getAsLong();
            }
            base.close();
        });
    }

    private CompletableFuture<Loaded> begin(Entry e, LoadedModel model) {
        CompletableFuture<Loaded> running = e.loading;
        if (running != null && e.loadingFor == model) {
            return running;
        }
        RealmException error = e.error;
        if (error != null && clock.getAsLong() - e.failedAt < RETRY_AFTER.toNanos()) {
            throw new RealmException(error.code(), String.valueOf(error.getMessage()), error);
        }
        CompletableFuture<Loaded> loading = new CompletableFuture<>();
        e.loading = loading;
        e.loadingFor = model;
        e.error = null;
        try {
            loader.execute(() -> load(e, model, loading));
        } catch (RejectedExecutionException closed) {
            throw new RealmException(ErrorCode.DRAINING, "the server is shutting down", closed);
        }
        return loading;
    }

    private static Loaded await(String name, CompletableFuture<Loaded> loading, Duration wait) {
        try {
            return loading.get(Math.max(0, wait.toNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new RealmException(ErrorCode.MODEL_LOADING, "the adapter " + name + " is being loaded", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "the wait for an adapter was interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RealmException r
                    ? new RealmException(r.code(), String.valueOf(r.getMessage()), r)
                    : new RealmException(ErrorCode.INTERNAL, "the adapter " + name + " could not be loaded", e);
        }
    }

    private void load(Entry e, LoadedModel model, CompletableFuture<Loaded> loading) {
        String name = e.source.name();
        long start = clock.getAsLong();
        try {
            Adapter adapter = read(e, model);
            Loaded loaded = new Loaded(model, adapter, loads.incrementAndGet());
            synchronized (this) {
                // a model that was unloaded meanwhile must not be held in memory
                if (e.loading == loading) {
                    e.loaded = loaded;
                    e.loading = null;
                    e.lastUsed = clock.getAsLong();
                }
            }
            LOG.info("model={} adapter loaded in {} ms: rank {}, {} MB", name, (clock.getAsLong() - start) / 1_000_000,
                    adapter.rank(), adapter.bytes() >> 20);
            loading.complete(loaded);
        } catch (RuntimeException | Error | IOException ex) {
            RealmException why = ex instanceof RealmException r && r.code() == ErrorCode.OVERLOADED
                    ? r
                    : new RealmException(ErrorCode.MODEL_LOAD_FAILED, "the adapter " + name + " could not be loaded: "
                            + (ex instanceof RealmException ? ex.getMessage() : ex.getClass().getSimpleName()), ex);
            LOG.error("model={} error_code={} {}", name, why.code(), why.getMessage());
            synchronized (this) {
                if (e.loading == loading) {
                    e.loading = null;
                    e.error = why;
                    e.failedAt = clock.getAsLong();
                }
            }
            loading.completeExceptionally(why);
        }
    }

    private Adapter read(Entry e, LoadedModel model) throws IOException {
        ModelSource source = e.source;
        if (!Files.isRegularFile(source.file())) {
            throw new RealmException(ErrorCode.MODEL_INVALID, source.file().getFileName() + " is no file");
        }
        if (source.sha256() != null) {
            FileDigest.verify(source.file(), source.sha256());
        }
        try (GgufFile file = GgufReader.open(source.file())) {
            return model.adapter(file, bytes -> makeRoom(source.name(), bytes));
        }
    }

    /** Drops idle adapters until so many bytes are free. */
    private void makeRoom(String name, long wanted) {
        while (true) {
            long free = room.getAsLong() - bytes();
            if (free >= wanted) {
                return;
            }
            if (!dropOldestIdle(name)) {
                throw new RealmException(ErrorCode.OVERLOADED, "the adapter " + name + " needs " + (wanted >> 10)
                        + " KB and the memory for models has " + (Math.max(0, free) >> 10) + " KB left");
            }
        }
    }

    /**
     * Lets go of the adapter unused for the longest time; false when all are in use.
     *
     * @param name the model or adapter that needs its room
     */
    synchronized boolean dropOldestIdle(String name) {
        Optional<Entry> oldest = entries.values().stream().filter(e -> e.loaded != null && e.leases == 0)
                .min(Comparator.comparingLong(e -> e.lastUsed));
        oldest.ifPresent(e -> {
            LOG.info("model={} adapter evicted to make room for {}", e.source.name(), name);
            e.loaded = null;
        });
        return oldest.isPresent();
    }

    /** Memory of the adapters that are loaded. */
    synchronized long bytes() {
        return entries.values().stream().mapToLong(e -> e.loaded == null ? 0 : e.loaded.adapter.bytes()).sum();
    }

    /** Lets go of an adapter; those who use it keep it to their end. */
    synchronized void unload(String name) {
        entry(name).loaded = null;
    }

    /** Lets go of what was loaded, or is being loaded, for a model that is no more. */
    synchronized void unloadAll(LoadedModel model) {
        for (Entry e : entries.values()) {
            if (e.loaded != null && e.loaded.model == model) {
                e.loaded = null;
            }
            if (e.loadingFor == model) {
                e.loading = null;
                e.loadingFor = null;
            }
        }
    }

    /** @param configs of the models that are loaded */
    synchronized List<ModelStatus> list(Map<String, ModelStatus> models) {
        List<ModelStatus> out = new ArrayList<>();
        for (Entry e : entries.values()) {
            ModelStatus base = models.get(e.source.adapterOf());
            ModelConfig config = base == null ? null : base.config();
            State state = e.loaded != null
                    ? State.READY
                    : e.loading != null ? State.LOADING : e.error != null ? State.FAILED : State.ABSENT;
            out.add(new ModelStatus(e.source.name(), state, e.leases, e.loaded == null ? 0 : e.loaded.adapter.bytes(), config,
                    base == null ? 0 : base.contextLength(), e.error == null ? null : e.error.getMessage(),
                    e.source.adapterOf()));
        }
        return out;
    }

    @Override
    public void close() {
        loader.shutdownNow();
    }
}
