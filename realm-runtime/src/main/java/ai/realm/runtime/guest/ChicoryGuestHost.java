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
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Guests on Chicory, compiled to Java classes; every request in a fresh instance on a thread of its own. */
final class ChicoryGuestHost implements GuestHost {
    /** Generous, for a busy machine; what loops is ended by its processor time. */
    private static final Duration WARM_UP_DEADLINE = Duration.ofSeconds(15);
    private static final Duration WARM_UP_CPU_TIME = Duration.ofMillis(500);

    private final SessionFactory sessions;
    private final GuestHostOptions options;
    private final GuestCompiler compiler;
    private final InstanceFactory instances;
    private final GuestThreads threads;
    private final Watchdog watchdog;
    /** Weak, so that compiled code goes with the last tenant that has it. */
    private final Map<String, WeakReference<CompiledGuest>> compiled = new ConcurrentHashMap<>();
    private final Map<String, Object> compiling = new ConcurrentHashMap<>();
    private final Map<String, Integer> running = new ConcurrentHashMap<>();

    ChicoryGuestHost(SessionFactory sessions, GuestHostOptions options) {
        this.sessions = sessions;
        this.options = options;
        this.compiler = new GuestCompiler(options.listener(), CompiledCache.open(options.compiledCache()));
        this.instances = new InstanceFactory(new PageBudget(options.memoryPages()));
        this.threads = new GuestThreads(options.maxInstances());
        this.watchdog = new Watchdog(
                new CpuGovernor(options.cpuShare(), Runtime.getRuntime().availableProcessors(), System.nanoTime()));
    }

    @Override
    public GuestModule register(byte[] wasm, GuestLimits limits) {
        requireSize(wasm, limits);
        String digest = digest(wasm);
        CompiledGuest guest = known(digest);
        if (guest == null) {
            synchronized (compiling.computeIfAbsent(digest, d -> new Object())) {
                guest = known(digest);
                if (guest == null) {
                    guest = build(wasm, digest, limits);
                    compiled.values().removeIf(r -> r.get() == null);
                    compiled.put(digest, new WeakReference<>(guest));
                }
            }
            compiling.remove(digest);
        }
        guest.requireWithin(limits);
        return guest;
    }

    @Override
    public GuestModule register(String tenant, byte[] wasm, GuestLimits limits) {
        try {
            return register(wasm, limits);
        } catch (GuestLimitException e) {
            options.listener().limitReached(tenant, e.limit());
            throw e;
        }
    }

    @Override
    public GuestReport check(byte[] wasm, GuestLimits limits) {
        requireSize(wasm, limits);
        return build(wasm, digest(wasm), limits).report();
    }

    private static void requireSize(byte[] wasm, GuestLimits limits) {
        if (wasm.length > limits.moduleBytes()) {
            throw GuestLimit.MODULE_BYTES.reached(limits.moduleBytes() + " bytes", wasm.length + " bytes");
        }
    }

    private @Nullable CompiledGuest known(String digest) {
        WeakReference<CompiledGuest> reference = compiled.get(digest);
        return reference == null ? null : reference.get();
    }

    private CompiledGuest build(byte[] wasm, String digest, GuestLimits limits) {
        CompiledGuest guest = compiler.compile(wasm, digest, limits.compileTime());
        guest.requireWithin(limits);
        return warm(guest, limits);
    }

    /** One instance off the request path: what it cannot do now is refused now. */
    private CompiledGuest warm(CompiledGuest guest, GuestLimits limits) {
        GuestWarmUp warmUp = new GuestWarmUp(guest, limits, instances);
        Supervision supervision = new Supervision("", WARM_UP_DEADLINE, WARM_UP_CPU_TIME, Long.MAX_VALUE);
        GuestTask task = new GuestTask(supervision, watchdog, limits.stackBytes(), true, () -> {}, text -> {});
        threads.start(limits.stackBytes(), () -> task.run(warmUp::run), task::ended);
        try {
            task.await();
        } catch (RealmException e) {
            throw e.code() == ErrorCode.GUEST_REFUSED ? e : noInstance(e);
        }
        return guest.warmed(warmUp.abiVersion(), guest.report().compileNanos() + supervision.ageNanos());
    }

    /** The times of a warm-up are the host's, not settings of the tenant. */
    private static RealmException noInstance(RealmException e) {
        String refused = "the module was refused: no instance can be made of it: ";
        if (e instanceof GuestLimitException reached) {
            return switch (reached.limit()) {
                case CPU_TIME -> new RealmException(ErrorCode.GUEST_REFUSED,
                        refused + "that takes more than " + WARM_UP_CPU_TIME.toMillis() + " ms of processor time", e);
                case DEADLINE -> new RealmException(ErrorCode.GUEST_REFUSED,
                        refused + "that takes more than " + WARM_UP_DEADLINE.toMillis() + " ms", e);
                default -> new GuestLimitException(reached.limit(), ErrorCode.GUEST_REFUSED, refused + e.getMessage());
            };
        }
        return new RealmException(ErrorCode.GUEST_REFUSED, refused + e.getMessage(), e);
    }

    @Override
    public GuestResult run(GuestModule module, GuestCall call, GuestLimits limits, GuestOutput output) {
        CompiledGuest guest = CompiledGuest.of(module);
        RequestContext context = call.context();
        context.check();
        String tenant = context.tenantId();
        enter(tenant, limits);
        try {
            return supervised(guest, call, limits, output);
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

    private GuestResult supervised(CompiledGuest guest, GuestCall call, GuestLimits limits, GuestOutput output) {
        RequestContext context = call.context();
        GuestListener listener = context.isRehearsal() ? GuestListener.NONE : options.listener();
        Supervision supervision = new Supervision(context.tenantId(), limits.deadline(), limits.cpuTime(),
                context.remainingNanos());
        GuestTask task = new GuestTask(supervision, watchdog, limits.stackBytes(), call.stream(), context::check, output);
        GuestRun run = new GuestRun(guest, call, limits, supervision,
                new AnswerStream(guest.facts().seesTokens(), limits.outputBytes(), task::send), listener);
        boolean failed = true;
        try (RequestContext.Registration registration = context.onCancel(() -> {
            RealmException cause = context.cancelled();
            supervision.kill(cause != null ? cause : new RealmException(ErrorCode.CANCELLED, "the request was cancelled"));
        })) {
            threads.start(limits.stackBytes(), () -> task.run(() -> {
                long begin = System.nanoTime();
                try (GuestInstance instance = new GuestInstance(run, sessions)) {
                    instance.create(instances);
                    listener.instanceCreated(context.tenantId(), guest.digest(), System.nanoTime() - begin);
                    instance.answer();
                }
            }, run::failure), task::ended);
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
