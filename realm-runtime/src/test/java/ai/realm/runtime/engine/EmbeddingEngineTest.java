package ai.realm.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.scheduler.StepLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EmbeddingEngineTest {
    private final FakeEncoder encoder = new FakeEncoder();
    private final AtomicLong clock = new AtomicLong();
    private final Heard heard = new Heard();
    private final EmbeddingEngine engine = new EmbeddingEngine("fake", encoder, Engines.options(), new ReentrantLock(), heard,
            clock::get);

    private static final class Heard implements EngineListener {
        final List<String> ended = new ArrayList<>();

        @Override
        public synchronized void ended(String model, String tenant, String reason, @Nullable String errorCode, int promptTokens,
                int cachedTokens, int generatedTokens, long e2eNanos) {
            ended.add(tenant + " " + reason + " " + errorCode + " " + promptTokens);
        }
    }

    @AfterEach
    void close() {
        encoder.hold.countDown();
        engine.close();
        assertThat(encoder.closed).isTrue();
        assertThat(engine.snapshot().running()).isZero();
        assertThat(engine.snapshot().waiting()).isZero();
    }

    private static EmbeddingSpec spec(String tenant, int[]... texts) {
        return new EmbeddingSpec("r", tenant, 1, List.of(texts), 1_000_000, StepLog.NONE);
    }

    private static ErrorCode failure(EmbeddingCall call) throws InterruptedException {
        assertThat(call.await(Engines.FOREVER)).isTrue();
        return Objects.requireNonNull(call.error()).code();
    }

    @Test
    void submit_severalTexts_givesAVectorForEachInOrder() throws InterruptedException {
        EmbeddingCall call = engine.submit(spec("a", new int[]{1, 2}, new int[40], new int[]{7}));
        assertThat(call.await(Engines.FOREVER)).isTrue();
        assertThat(call.error()).isNull();
        assertThat(call.vectors()).isDeepEqualTo(new float[][]{{2, 3}, {40, 0}, {1, 7}});
        assertThat(call.begunTokens()).isEqualTo(43);
        engine.drain(Engines.FOREVER);
        assertThat(heard.ended).containsExactly("a stop null 43");
    }

    @Test
    void submit_callsOfTwoTenants_shareAPass() throws InterruptedException {
        encoder.hold = new CountDownLatch(1);
        EmbeddingCall first = engine.submit(spec("a", new int[]{1}));
        encoder.inPass.await();
        EmbeddingCall second = engine.submit(spec("b", new int[]{2}));
        EmbeddingCall third = engine.submit(spec("c", new int[]{3}));
        encoder.hold.countDown();
        for (EmbeddingCall c : List.of(first, second, third)) {
            assertThat(c.await(Engines.FOREVER)).isTrue();
        }
        assertThat(third.vectors()[0]).containsExactly(1, 3);
        assertThat(encoder.passes).hasSize(2);
    }

    @Test
    void abort_inAPass_endsAtOnceAndComputesNoMoreOfIt() throws InterruptedException {
        encoder.hold = new CountDownLatch(1);
        EmbeddingCall call = engine.submit(spec("a", new int[30], new int[30], new int[30]));
        encoder.inPass.await();
        engine.abort(call, new RealmException(ErrorCode.CANCELLED, "gone"));
        assertThat(failure(call)).isEqualTo(ErrorCode.CANCELLED);
        assertThat(call.begunTokens()).isEqualTo(30);
        encoder.hold.countDown();
        engine.drain(Engines.FOREVER);
        assertThat(encoder.passes).hasSize(1);
        assertThat(heard.ended).containsExactly("a cancelled CANCELLED 30");
    }

    @Test
    void submit_whenThePassFails_endsItsCallsAndTheEngineGoesOn() throws InterruptedException {
        encoder.fails = true;
        assertThat(failure(engine.submit(spec("a", new int[]{1})))).isEqualTo(ErrorCode.INTERNAL);
        encoder.fails = false;
        EmbeddingCall next = engine.submit(spec("a", new int[]{5}));
        assertThat(next.await(Engines.FOREVER)).isTrue();
        assertThat(next.error()).isNull();
    }

    @Test
    void submit_pastItsDeadline_isEnded() throws InterruptedException {
        clock.set(2_000_000);
        assertThat(failure(engine.submit(spec("a", new int[]{1})))).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        assertThat(encoder.passes).isEmpty();
    }

    @Test
    void submit_toAFullQueue_isRefused() throws InterruptedException {
        encoder.hold = new CountDownLatch(1);
        engine.submit(spec("a", new int[]{1}));
        encoder.inPass.await();
        assertThatThrownBy(() -> {
            for (int i = 0; i < 65; i++) {
                engine.submit(spec("a", new int[]{1}));
            }
        }).isInstanceOf(RealmException.class).extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.OVERLOADED);
    }

    @Test
    void drain_atItsLimit_endsWhatIsLeftAndTakesNothingNew() throws InterruptedException {
        encoder.hold = new CountDownLatch(1);
        EmbeddingCall call = engine.submit(spec("a", new int[30], new int[30]));
        encoder.inPass.await();
        Thread draining = Thread.ofVirtual().start(() -> engine.drain(0));
        while (draining.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        encoder.hold.countDown();
        draining.join();
        assertThat(failure(call)).isEqualTo(ErrorCode.DRAINING);
        assertThatThrownBy(() -> engine.submit(spec("a", new int[]{1}))).isInstanceOf(RealmException.class)
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.DRAINING);
    }

    @Test
    void close_withCallsWaiting_endsThem() throws InterruptedException {
        encoder.hold = new CountDownLatch(1);
        EmbeddingCall running = engine.submit(spec("a", new int[30], new int[30]));
        encoder.inPass.await();
        EmbeddingCall waiting = engine.submit(spec("b", new int[]{1}));
        Thread closing = Thread.ofVirtual().start(engine::close);
        while (closing.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        encoder.hold.countDown();
        closing.join();
        assertThat(running.await(Engines.FOREVER)).isTrue();
        assertThat(waiting.await(Engines.FOREVER)).isTrue();
    }
}
