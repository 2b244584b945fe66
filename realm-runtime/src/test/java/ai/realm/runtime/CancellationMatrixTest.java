package ai.realm.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestKvStore;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.kvcache.SharedPrefixes;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.Engines;
import ai.realm.runtime.engine.FakeModel;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.scheduler.TokenQueue;
import ai.realm.runtime.session.EngineSessions;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.LetterTokenizer;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.CountedLease;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every way that a request can be ended from outside, in every place where its generation can stand, while its guest waits in its
 * host call: it ends within the step that is under way, with the right cause, and leaves nothing behind.
 */
@Timeout(600)
class CancellationMatrixTest {
    private static final int STEP = 32;
    private static final long DEADLINE = TimeUnit.SECONDS.toNanos(2);
    /** For a machine that does much else. */
    private static final long PATIENCE_SECONDS = 120;

    private enum Cause {
        CLIENT_GONE(ErrorCode.CANCELLED),
        SUSPENDED(ErrorCode.TENANT_SUSPENDED),
        TERMINATED(ErrorCode.DRAINING),
        TOO_LATE(ErrorCode.DEADLINE_EXCEEDED),
        UNLOADED(ErrorCode.MODEL_UNLOADED);

        final ErrorCode code;

        Cause(ErrorCode code) {
            this.code = code;
        }
    }

    /** Where the generation stands; the engine is held in its step number {@code heldAt}. */
    private enum Place {
        /** The first step begins when the generation is submitted, the second when it is queued behind another. */
        QUEUE(2, "abc"),
        PREFILL(3, "p".repeat(600)),
        DECODE(4, "abc");

        final int heldAt;
        final String prompt;

        Place(int heldAt, String prompt) {
            this.heldAt = heldAt;
            this.prompt = prompt;
        }
    }

    private final FakeModel model = FakeModel.endless();
    private final Engine engine = Engines.start(model, 200, Engines.options().withLimits(1, 64, STEP));
    private final EngineSessions sessions = new EngineSessions();
    private final CountDownLatch opened = new CountDownLatch(1);
    private final GuestHost host = GuestHost.start(command -> {
        InferenceSession session = sessions.open(command);
        opened.countDown();
        return session;
    }, GuestHostOptions.defaults());
    private final GuestModule module = host.register(Guests.load("default"), GuestLimits.defaults());
    private final AtomicInteger leases = new AtomicInteger();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);

    static Stream<Arguments> matrix() {
        return Stream.of(Cause.values()).flatMap(c -> Stream.of(Place.values()).map(p -> Arguments.of(c, p)));
    }

    @AfterEach
    void close() {
        go.countDown();
        host.close();
        engine.close();
        engine.assertAllBlocksFree();
    }

    @ParameterizedTest
    @MethodSource("matrix")
    void request_endedFromOutside_endsWithinAStepWithItsCause(Cause cause, Place place) throws Exception {
        holdEngine(place);
        Sequence blocker = place == Place.QUEUE
                ? engine.submit(Engines.spec("blocker", Engines.prompt(1, 5), 900), new TokenQueue(1000))
                : null;
        if (blocker != null) {
            assertThat(begun.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
        RequestContext context = new RequestContext("r", "t",
                System.nanoTime() + (cause == Cause.TOO_LATE ? DEADLINE : TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)));
        CompletableFuture<@Nullable RealmException> end = CompletableFuture.supplyAsync(() -> run(context, place.prompt));
        assertThat(held.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(opened.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(engine.snapshot().waiting()).as("generations in the queue").isEqualTo(blocker == null ? 0 : 1);
        long before = model.forwarded();

        Thread unload = end(cause, context);
        go.countDown();

        RealmException error = end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(error).isNotNull().extracting(RealmException::code).isEqualTo(cause.code);
        assertThat(leases).hasValue(0);
        if (unload != null) {
            unload.join();
        }
        if (blocker == null) {
            until(() -> engine.snapshot().running() == 0);
            assertThat(model.forwarded() - before).as("positions of the step under way").isLessThanOrEqualTo(STEP);
            until(() -> engine.snapshot().kvBlocksUsed() == 0);
        }
    }

    /** The step of that place begins only when the test says so. */
    private void holdEngine(Place place) {
        AtomicInteger steps = new AtomicInteger();
        model.beforeForward(() -> {
            int step = steps.incrementAndGet();
            begun.countDown();
            if (step == place.heldAt) {
                held.countDown();
                await(go);
            } else if (place == Place.QUEUE) {
                await(opened);
            }
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private @Nullable Thread end(Cause cause, RequestContext context) {
        switch (cause) {
            case CLIENT_GONE, SUSPENDED, TERMINATED -> context.cancel(cause.code, "ended by the test");
            case TOO_LATE -> until(() -> context.remainingNanos() <= 0);
            case UNLOADED -> {
                Thread unload = Thread.ofPlatform().start(() -> engine.drain(0, ErrorCode.MODEL_UNLOADED));
                // It waits for the engine once the order is given.
                until(() -> unload.getState() == Thread.State.TIMED_WAITING);
                return unload;
            }
        }
        return null;
    }

    /** Runs a request through the guest that passes everything on; gives what it failed with. */
    private @Nullable RealmException run(RequestContext context, String prompt) {
        ServedModel served = new ServedModel(model, 1000, engine, new LetterTokenizer(false), null, SharedPrefixes.NONE,
                () -> {});
        GuestCall call = new GuestCall(context, prompt, null, false, SamplingParams.greedy(300), true, "{}", _ -> {
            leases.incrementAndGet();
            return new CountedLease("fake", served, leases::decrementAndGet);
        }, Map.of(), new NoValues(), Priority.INTERACTIVE);
        try {
            host.run(module, call, GuestLimits.defaults(), _ -> {});
            return null;
        } catch (RealmException e) {
            return e;
        }
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private static final class NoValues implements GuestKvStore {
        @Override
        public byte @Nullable [] get(byte[] key) {
            return null;
        }

        @Override
        public boolean set(byte[] key, byte[] value) {
            return false;
        }

        @Override
        public boolean delete(byte[] key) {
            return false;
        }

        @Override
        public boolean update(byte[] key, UnaryOperator<byte @Nullable []> change) {
            return false;
        }

        @Override
        public boolean put(byte[] key, byte[] value, long seconds) {
            return false;
        }

        @Override
        public List<Listed> list(byte[] prefix, byte[] after, int most) {
            return List.of();
        }

        @Override
        public List<Held> held(byte[] prefix, int valueBytes, int most) {
            return List.of();
        }

        @Override
        public long bytes() {
            return 0;
        }
    }
}
