package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionFactory;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Guests on Chicory, compiled to Java classes; every request in a fresh instance on a thread of its own. */
final class ChicoryGuestHost implements GuestHost {
    /** What loops is ended by its processor time; until a machine is as busy as this, nothing is refused for want of wall clock. */
    private static final Duration WARM_UP_DEADLINE = Duration.ofMinutes(5);
    private static final Duration ENGINE_TIME = Duration.ofHours(1);
    private static final Duration WARM_UP_CPU_TIME = Duration.ofMillis(500);

    private final SessionFactory sessions;
    private final GuestHostOptions options;
    private final GuestCompiler compiler;
    private final CodeShelf shelf;
    private final @Nullable CompiledCache cache;
    private volatile @Nullable CompiledGuest engine;
    private final InstanceFactory instances;
    private final GuestThreads threads;
    private final Watchdog watchdog;
    /** Weak, so that compiled code goes with the last tenant that has it. */
    private final Map<String, WeakReference<CompiledGuest>> compiled = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<CompiledGuest>> compiling = new ConcurrentHashMap<>();
    private final Map<String, Integer> running = new ConcurrentHashMap<>();

    ChicoryGuestHost(SessionFactory sessions, GuestHostOptions options) {
        this.sessions = sessions;
        this.options = options;
        this.cache = CompiledCache.open(options.compiledCache());
        this.compiler = new GuestCompiler(options.listener(), cache, options.modules());
        this.shelf = new CodeShelf((long) options.compiledMegabytes() << 20, cache, options.listener());
        this.instances = new InstanceFactory(new PageBudget(options.memoryPages()));
        this.threads = new GuestThreads(options.maxInstances());
        this.watchdog = new Watchdog(
                new CpuGovernor(options.cpuShare(), Runtime.getRuntime().availableProcessors(), System.nanoTime()));
    }

    @Override
    public GuestModule register(byte[] wasm, GuestLimits limits) {
        return register("", wasm, limits);
    }

    @Override
    public GuestModule register(String tenant, byte[] wasm, GuestLimits limits) {
        try {
            requireSize(wasm, limits);
            CompiledGuest guest = obtain(tenant, wasm, digest(wasm), limits);
            guest.requireWithin(limits);
            return guest;
        } catch (GuestLimitException e) {
            options.listener().limitReached(tenant, e.limit());
            throw e;
        }
    }

    /** What is there, what another registration is compiling, or what this one compiles; nothing is locked meanwhile. */
    private CompiledGuest obtain(String tenant, byte[] wasm, String digest, GuestLimits limits) {
        while (true) {
            CompletableFuture<CompiledGuest> mine = new CompletableFuture<>();
            CompletableFuture<CompiledGuest> others = compiling.putIfAbsent(digest, mine);
            CompiledGuest guest;
            if (others != null) {
                guest = await(others);
            } else {
                try {
                    guest = known(digest);
                    guest = guest != null ? guest : keep(build(tenant, wasm, digest, limits));
                    mine.complete(guest);
                } catch (RuntimeException | Error e) {
                    mine.completeExceptionally(e);
                    throw e;
                } finally {
                    compiling.remove(digest, mine);
                }
            }
            if (guest != null) {
                return guest;
            }
        }
    }

    private CompiledGuest keep(CompiledGuest guest) {
        compiled.values().removeIf(r -> r.get() == null);
        compiled.put(guest.digest(), new WeakReference<>(guest));
        shelf.keep(guest);
        return guest;
    }

    /** What another registration of the same bytes made; null when it failed for reasons that were its own. */
    private static @Nullable CompiledGuest await(CompletableFuture<CompiledGuest> others) {
        try {
            return others.get(GuestCompiler.PATIENCE_NANOS, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RealmException refused && refused.code() == ErrorCode.GUEST_REFUSED
                    && !(refused instanceof GuestLimitException)) {
                throw refused;
            }
            return null;
        } catch (TimeoutException e) {
            throw new RealmException(ErrorCode.OVERLOADED, "the same guest is being compiled, which takes long; try again", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "interrupted while a guest was compiled", e);
        }
    }

    @Override
    public GuestReport check(byte[] wasm, GuestLimits limits) {
        requireSize(wasm, limits);
        return build("", wasm, digest(wasm), limits).report();
    }

    private static void requireSize(byte[] wasm, GuestLimits limits) {
        if (wasm.length > limits.moduleBytes()) {
            throw GuestLimit.MODULE_BYTES.reached(limits.moduleBytes() + " bytes", wasm.length + " bytes");
        }
    }

    /** What is registered and can run: code that was let go and is lost is compiled again. */
    private @Nullable CompiledGuest known(String digest) {
        WeakReference<CompiledGuest> reference = compiled.get(digest);
        CompiledGuest guest = reference == null ? null : reference.get();
        return guest == null || shelf.code(guest) == null ? null : guest;
    }

    @Override
    public boolean isReady(GuestModule module) {
        return shelf.code(CompiledGuest.of(module)) != null;
    }

    private CompiledGuest build(String tenant, byte[] wasm, String digest, GuestLimits limits) {
        byte[] source = GuestScripts.source(wasm);
        CompiledGuest guest = source == null
                ? module(tenant, wasm, digest, limits)
                : script(tenant, wasm, source, digest, limits);
        guest.requireWithin(limits);
        GuestImage image = guest.image();
        boolean kept = cache != null && image != null && cache.putIfAbsent(guest.imageKey(), image.encode());
        return kept ? guest.onDisk() : guest;
    }

    private CompiledGuest module(String tenant, byte[] wasm, String digest, GuestLimits limits) {
        CompiledGuest guest = compiler.compile(tenant, wasm, digest, limits.compileTime());
        guest.requireWithin(limits);
        GuestImage image = guest.image();
        if (image != null && image.abiVersion() != GuestImage.NOT_STARTED) {
            return guest.started(image.abiVersion(), guest.report().compileNanos(), null);
        }
        GuestCode code = Objects.requireNonNull(guest.code(), "a guest that was just built has its code");
        long begin = System.nanoTime();
        GuestStart start = start(tenant, guest, code, limits, null);
        return guest.started(start.abiVersion(), guest.report().compileNanos() + System.nanoTime() - begin, start.snapshot());
    }

    /** A script has the engine's code, and memory of its own in which it was evaluated. */
    private CompiledGuest script(String tenant, byte[] wasm, byte[] source, String digest, GuestLimits limits) {
        CompiledGuest engine = engine();
        GuestCode code = shelf.code(engine);
        if (code == null) {
            throw new RealmException(ErrorCode.OVERLOADED, "the engine of scripts is gone from the disk; try again");
        }
        long begin = System.nanoTime();
        // An engine that was compiled anew has another snapshot, over which those of before cannot be laid.
        Snapshot base = Objects.requireNonNull(code.snapshot(), "the engine has one");
        String key = digest + '-' + Long.toHexString(base.sum());
        byte[] kept = cache == null ? null : cache.get(key);
        GuestImage image = kept == null ? null : GuestImage.decode(kept);
        GuestCode made = image == null ? null : image.load(code);
        if (image == null || made == null) {
            try (CompilerQueue.Place place = compiler.place(tenant)) {
                GuestStart start = start(tenant, engine, code, limits, source);
                Snapshot taken = Objects.requireNonNull(start.snapshot(), "a script leaves a snapshot");
                image = new GuestImage(new byte[0], new byte[]{(byte) start.found()}, new byte[0], taken.encode(),
                        engine.abiVersion());
                made = Objects.requireNonNull(image.load(code), "it was just taken");
            }
        }
        int found = image.symbols()[0];
        ModuleGate.Facts facts = engine.facts().ofScript((found & 1) != 0, (found & 4) != 0, (found & 2) != 0, (found & 8) != 0);
        GuestReport e = engine.report();
        int pages = Objects.requireNonNull(made.snapshot(), "scripts have one").pages();
        GuestReport report = new GuestReport(digest, wasm.length, e.imports(), e.exports(), e.abiVersion(), pages,
                e.maxMemoryPages(), e.tableElements(), e.functions(), facts.seesTokens(), System.nanoTime() - begin);
        return new CompiledGuest(report, facts, made, image, image.loadedBytes(), engine, key);
    }

    private CompiledGuest engine() {
        CompiledGuest known = engine;
        if (known == null || shelf.code(known) == null) {
            byte[] wasm = GuestScripts.engine();
            known = obtain("", wasm, digest(wasm), GuestLimits.defaults().withCompileTime(ENGINE_TIME));
            engine = known;
        }
        return known;
    }

    /** One instance off the request path: what it cannot do now is refused now. */
    private GuestStart start(String tenant, CompiledGuest guest, GuestCode code, GuestLimits limits, byte @Nullable [] script) {
        boolean more = script != null || guest.facts().snapshot();
        Duration cpuTime = more && limits.compileTime().compareTo(WARM_UP_CPU_TIME) > 0 ? limits.compileTime() : WARM_UP_CPU_TIME;
        // Whoever only asks for the version takes so little that it is nobody's, and can push what mends a tenant that has all it may.
        String payer = more ? tenant : "";
        Supervision supervision = new Supervision(payer, WARM_UP_DEADLINE, cpuTime, Long.MAX_VALUE);
        GuestStart start = new GuestStart(guest, code, limits, instances, payer, script, supervision);
        GuestTask task = new GuestTask(supervision, watchdog, limits.stackBytes(), true, () -> {}, text -> {});
        threads.start(payer, limits.stackBytes(), () -> task.run(start::run, new Explained(code.symbols())), task::ended);
        try {
            task.await();
        } catch (RealmException e) {
            throw e.code() == ErrorCode.GUEST_REFUSED && !(e instanceof GuestLimitException) ? e : noInstance(e, cpuTime);
        }
        return start;
    }

    /** A module that fails before any request: its author is told where. */
    private record Explained(GuestSymbols symbols) implements GuestTask.Failure {
        @Override
        public RealmException because(String whatTheGuestDid, @Nullable Throwable thrown) {
            return new RealmException(ErrorCode.GUEST_FAILED, whatTheGuestDid, thrown);
        }

        @Override
        public String where(Throwable thrown) {
            return GuestTrace.of(thrown, symbols);
        }
    }

    /** The times of a warm-up are the host's, not settings of the tenant. */
    private static RealmException noInstance(RealmException e, Duration cpuTime) {
        String refused = "the module was refused: no instance can be made of it: ";
        if (e instanceof GuestLimitException reached) {
            return switch (reached.limit()) {
                case CPU_TIME -> new RealmException(ErrorCode.GUEST_REFUSED,
                        refused + "that takes more than " + cpuTime.toMillis() + " ms of processor time", e);
                case DEADLINE -> new RealmException(ErrorCode.OVERLOADED,
                        "the server is too busy to make an instance of the guest; it was not refused, try again", e);
                default -> new GuestLimitException(reached.limit(), ErrorCode.GUEST_REFUSED, refused + e.getMessage());
            };
        }
        return switch (e.code()) {
            case OVERLOADED, DRAINING, CANCELLED -> e;
            default -> new RealmException(ErrorCode.GUEST_REFUSED, refused + e.getMessage(), e);
        };
    }

    @Override
    public GuestResult run(GuestModule module, GuestCall call, GuestLimits limits, GuestOutput output) {
        CompiledGuest guest = CompiledGuest.of(module);
        RequestContext context = call.context();
        context.check();
        String tenant = context.tenantId();
        enter(tenant, limits);
        try {
            GuestCode code = shelf.code(guest);
            if (code == null) {
                throw new RealmException(ErrorCode.OVERLOADED, "the compiled guest is gone from the disk; try again");
            }
            return supervised(guest, code, call, limits, output);
        } finally {
            running.compute(tenant, (t, n) -> n == null || n == 1 ? null : n - 1);
        }
    }

    private void enter(String tenant, GuestLimits limits) {
        int now = running.merge(tenant, 1, Integer::sum);
        if (now > limits.concurrentInstances()) {
            running.compute(tenant, (t, n) -> n == null || n == 1 ? null : n - 1);
            GuestLimitException e = GuestLimit.CONCURRENT_INSTANCES.reached(limits.concurrentInstances(), now);
            options.listener().limitReached(tenant, e.limit());
            throw e;
        }
    }

    private GuestResult supervised(CompiledGuest guest, GuestCode code, GuestCall call, GuestLimits limits, GuestOutput output) {
        RequestContext context = call.context();
        GuestListener listener = context.isWarmUp() ? GuestListener.NONE : options.listener();
        Supervision supervision = new Supervision(context.tenantId(), limits.deadline(), limits.cpuTime(),
                context.remainingNanos());
        GuestTask task = new GuestTask(supervision, watchdog, limits.stackBytes(), call.stream(), context::check, output);
        GuestRun run = new GuestRun(guest, code, call, limits, supervision,
                new AnswerStream(guest.facts().seesTokens(), limits.outputBytes(), task), task, listener,
                context.isWarmUp() ? GuestLines.NONE : options.lines());
        boolean failed = true;
        try (RequestContext.Registration registration = context.onCancel(() -> {
            RealmException cause = context.cancelled();
            supervision.kill(cause != null ? cause : new RealmException(ErrorCode.CANCELLED, "the request was cancelled"));
        })) {
            threads.start(context.tenantId(), limits.stackBytes(), () -> task.run(() -> {
                long begin = System.nanoTime();
                try (GuestInstance instance = new GuestInstance(run, sessions)) {
                    instance.create(instances);
                    listener.instanceCreated(context.tenantId(), guest.digest(), System.nanoTime() - begin);
                    instance.answer();
                }
            }, run), task::ended);
            task.await();
            failed = false;
            return run.result();
        } catch (GuestLimitException e) {
            run.reached(e.limit());
            throw e;
        } finally {
            long cpuNanos = supervision.cpuNanos();
            listener.requestEnded(context.tenantId(), guest.digest(), cpuNanos, failed);
            output.ended(cpuNanos);
            if (supervision.pausedNanos() > 0) {
                listener.throttled(context.tenantId(), supervision.pausedNanos());
            }
        }
    }

    private static String digest(byte[] wasm) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(ByteBuffer.wrap(wasm));
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void close() {
        threads.close();
        watchdog.close();
    }
}
