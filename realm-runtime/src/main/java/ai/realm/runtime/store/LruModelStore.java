package ai.realm.runtime.store;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.ModelStatus.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link ModelStore} under a memory budget: loads on one thread, one model after the other, and makes room by closing the models
 * that nobody leases, least recently used first. The lock is never held while a model is read, drained or closed.
 */
public final class LruModelStore implements ModelStore {
    private static final Logger LOG = LoggerFactory.getLogger(LruModelStore.class);
    /** A model that failed is not read again at every request. */
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final ModelLoader loader;
    private final long budget;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Entry> entries = new TreeMap<>();
    private final ExecutorService loads = Executors
            .newSingleThreadExecutor(Thread.ofPlatform().daemon().name("model-loader").factory());
    private final AdapterPool adapters;
    private boolean draining;

    /** What is known of one name. */
    private static final class Entry {
        ModelSource source;
        State state = State.ABSENT;
        @Nullable
        Use use;
        @Nullable
        RealmException error;
        long failedAt;
        long bytes;

        Entry(ModelSource source) {
            this.source = source;
        }
    }

    /** One time that a model was loaded, and who uses it. */
    private static final class Use {
        final LoadedModel model;
        int leases;
        long lastUsed;

        Use(LoadedModel model, long now) {
            this.model = model;
            this.lastUsed = now;
        }
    }

    /** @param budget bytes of all models together */
    public LruModelStore(List<ModelSource> sources, ModelLoader loader, long budget, LongSupplier clock) {
        this.loader = loader;
        this.budget = budget;
        this.clock = clock;
        this.adapters = new AdapterPool(this::roomForAdapters, clock);
        sources.forEach(this::register);
    }

    /** Bytes that the models leave. */
    private long roomForAdapters() {
        return get(() -> budget - entries.values().stream().mapToLong(e -> e.bytes).sum());
    }

    @Override
    public void register(ModelSource source) {
        String model = source.adapterOf();
        if (model != null) {
            run(() -> find(model));
            adapters.register(source);
            return;
        }
        run(() -> {
            Entry e = entries.get(source.name());
            if (e == null) {
                entries.put(source.name(), new Entry(source));
            } else if (e.state == State.ABSENT || e.state == State.FAILED) {
                e.source = source;
                e.state = State.ABSENT;
                e.error = null;
            } else {
                throw inUse(source.name(), e);
            }
        });
    }

    @Override
    public void forget(String name) {
        if (adapters.forget(name)) {
            return;
        }
        if (!adapters.of(name).isEmpty()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "the model " + name + " has adapters, which must be removed first: " + adapters.of(name));
        }
        run(() -> {
            Entry e = find(name);
            if (e.state != State.ABSENT && e.state != State.FAILED) {
                throw inUse(name, e);
            }
            entries.remove(name);
        });
    }

    private static RealmException inUse(String name, Entry e) {
        return new RealmException(ErrorCode.INVALID_REQUEST,
                "the model " + name + " must be unloaded first: it is " + e.state.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public ModelLease lease(String name, Duration wait) {
        long start = clock.getAsLong();
        Optional<String> model = adapters.modelOf(name);
        if (model.isEmpty()) {
            return leaseModel(name, wait);
        }
        CountedLease base = leaseModel(model.get(), wait);
        try {
            return adapters.lease(name, base, wait.minusNanos(clock.getAsLong() - start));
        } catch (RuntimeException | Error e) {
            base.close();
            throw e;
        }
    }

    private CountedLease leaseModel(String name, Duration wait) {
        lock.lock();
        try {
            long left = wait.toNanos();
            boolean waited = false;
            while (true) {
                Entry e = find(name);
                if (draining) {
                    throw new RealmException(ErrorCode.DRAINING, "the server is shutting down");
                }
                Use use = e.use;
                if (e.state == State.READY && use != null) {
                    return leaseOf(name, use);
                }
                begin(e, waited);
                if (left <= 0) {
                    throw new RealmException(ErrorCode.MODEL_LOADING, "the model " + name + " is being loaded");
                }
                left = await(left);
                waited = true;
            }
        } finally {
            lock.unlock();
        }
    }

    private long await(long nanos) {
        try {
            return changed.awaitNanos(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "the wait for a model was interrupted", e);
        }
    }

    private Entry find(String name) {
        Entry e = entries.get(name);
        if (e == null) {
            throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "the model " + name + " does not exist", "model", null);
        }
        return e;
    }

    private CountedLease leaseOf(String name, Use use) {
        use.leases++;
        use.lastUsed = clock.getAsLong();
        return new CountedLease(name, use.model, () -> run(() -> {
            use.leases--;
            use.lastUsed = clock.getAsLong();
            changed.signalAll();
        }));
    }

    @Override
    public void load(String name) {
        run(() -> begin(find(adapters.modelOf(name).orElse(name)), false));
    }

    /** Starts loading unless that is under way; a failure is told to those who waited for it, and for a while to others. */
    private void begin(Entry e, boolean waited) {
        RealmException error = e.error;
        if (e.state == State.FAILED && error != null
                && (waited || clock.getAsLong() - e.failedAt < RETRY_AFTER.toNanos())) {
            throw new RealmException(error.code(), String.valueOf(error.getMessage()), error);
        }
        if (e.state == State.ABSENT || e.state == State.FAILED) {
            e.state = State.LOADING;
            e.error = null;
            try {
                loads.execute(() -> loadNow(e));
            } catch (RejectedExecutionException closed) {
                e.state = State.ABSENT;
                throw new RealmException(ErrorCode.DRAINING, "the server is shutting down", closed);
            }
        }
    }

    private void loadNow(Entry e) {
        long start = clock.getAsLong();
        String name = e.source.name();
        try {
            long room = makeRoom(name, loader.estimateBytes(e.source));
            LoadedModel model = loader.load(e.source, room);
            boolean unwanted = get(() -> {
                e.use = new Use(model, clock.getAsLong());
                e.bytes = model.bytes();
                e.state = State.READY;
                changed.signalAll();
                return draining;
            });
            LOG.info("model={} loaded in {} ms: {}, context {}, {} MB", name, (clock.getAsLong() - start) / 1_000_000,
                    model.config().architecture(), model.contextLength(), model.bytes() >> 20);
            if (unwanted) {
                unload(name, Duration.ZERO);
            }
        } catch (RuntimeException | Error ex) {
            RealmException why = ex instanceof RealmException r && r.code() == ErrorCode.OVERLOADED
                    ? r
                    : new RealmException(ErrorCode.MODEL_LOAD_FAILED,
                            "the model " + name + " could not be loaded: " + ex.getMessage(), ex);
            LOG.error("model={} error_code={} {}", name, why.code(), why.getMessage(), ex);
            run(() -> {
                e.state = State.FAILED;
                e.error = why;
                e.failedAt = clock.getAsLong();
                changed.signalAll();
            });
        }
    }

    /** Drops idle adapters, then closes idle models, until there is room; gives how much. */
    private long makeRoom(String name, long wanted) {
        while (true) {
            Optional<String> idle = get(() -> {
                while (held() + wanted > budget && adapters.dropOldestIdle(name)) {
                    // an adapter is read again sooner than a model
                }
                long held = held();
                if (held + wanted <= budget) {
                    return Optional.<String>empty();
                }
                Optional<String> oldest = entries.values().stream().filter(LruModelStore::isIdle)
                        .min(Comparator.comparingLong(e -> lastUsed(e))).map(e -> e.source.name());
                if (oldest.isEmpty()) {
                    throw new RealmException(ErrorCode.OVERLOADED, "the model " + name + " needs " + (wanted >> 20)
                            + " MB and the memory for models is " + (budget >> 20) + " MB, of which " + (held >> 20)
                            + " MB are in use: " + (held + wanted - budget + (1 << 20) - 1 >> 20)
                            + " MB are missing. A smaller quantization, a smaller engine.kv_mb or kv_type q8_0 need less");
                }
                return oldest;
            });
            if (idle.isEmpty()) {
                return get(() -> budget - held());
            }
            LOG.info("model={} evicted to make room for model {}", idle.get(), name);
            unload(idle.get(), Duration.ZERO);
        }
    }

    private long held() {
        return entries.values().stream().mapToLong(e -> e.bytes).sum() + adapters.bytes();
    }

    private boolean draining() {
        return get(() -> draining);
    }

    private static boolean isIdle(Entry e) {
        return e.state == State.READY && e.use != null && e.use.leases == 0;
    }

    private static long lastUsed(Entry e) {
        return e.use == null ? 0 : e.use.lastUsed;
    }

    @Override
    public void unload(String name, Duration limit) {
        if (adapters.has(name)) {
            adapters.unload(name);
            return;
        }
        Optional<Use> use = get(() -> {
            Entry e = find(name);
            if (e.state != State.READY) {
                return Optional.<Use>empty();
            }
            e.state = State.UNLOADING;
            return Optional.ofNullable(e.use);
        });
        if (use.isEmpty()) {
            return;
        }
        try {
            use.get().model.drain(limit, draining() ? ErrorCode.DRAINING : ErrorCode.MODEL_UNLOADED);
        } finally {
            adapters.unloadAll(use.get().model);
            use.get().model.close();
            run(() -> {
                Entry e = find(name);
                e.use = null;
                e.bytes = 0;
                e.state = State.ABSENT;
                changed.signalAll();
            });
        }
    }

    @Override
    public List<ModelStatus> list() {
        List<ModelStatus> models = get(() -> entries.values().stream().map(LruModelStore::status).toList());
        Map<String, ModelStatus> byName = models.stream().collect(Collectors.toMap(ModelStatus::name, s -> s));
        return Stream.concat(models.stream(), adapters.list(byName).stream()).toList();
    }

    private static ModelStatus status(Entry e) {
        Use use = e.use;
        RealmException error = e.error;
        return new ModelStatus(e.source.name(), e.state, use == null ? 0 : use.leases, e.bytes,
                use == null ? null : use.model.config(), use == null ? 0 : use.model.contextLength(),
                error == null ? null : error.getMessage(), null);
    }

    /** The models in memory. */
    public List<LoadedModel> loaded() {
        return get(() -> {
            List<LoadedModel> out = new ArrayList<>();
            entries.values().forEach(e -> Optional.ofNullable(e.use).ifPresent(u -> out.add(u.model)));
            return out;
        });
    }

    /** Gives no leases any more and drains every model, all of them within the limit. */
    public void drain(Duration limit) {
        run(() -> {
            draining = true;
            changed.signalAll();
        });
        List<Thread> threads = loaded().stream().map(m -> Thread.ofVirtual().start(() -> m.drain(limit, ErrorCode.DRAINING)))
                .toList();
        boolean interrupted = false;
        for (Thread t : threads) {
            try {
                t.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        drain(Duration.ZERO);
        loads.close();
        adapters.close();
        for (ModelStatus s : list()) {
            unload(s.name(), Duration.ZERO);
        }
    }

    private void run(Runnable body) {
        lock.lock();
        try {
            body.run();
        } finally {
            lock.unlock();
        }
    }

    private <T> T get(Supplier<T> body) {
        lock.lock();
        try {
            return body.get();
        } finally {
            lock.unlock();
        }
    }
}
