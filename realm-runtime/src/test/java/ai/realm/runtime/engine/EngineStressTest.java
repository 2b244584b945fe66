package ai.realm.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.scheduler.GreedySampler;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.scheduler.TokenQueue.Taken;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ten thousand sequences with cancellations, deadlines, slow readers and preemptions at random. */
@Timeout(300)
class EngineStressTest {
    private static final int REQUESTS = 10_000;

    @Test
    void engine_tenThousandRandomRequests_accountsAgreeAndAllBlocksAreFree() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        FakeModel model = new FakeModel(200, 64, false, true);
        Accounts accounts = new Accounts();
        Engine engine = Engines.start(model, 60, Engines.options().withLimits(16, 256, 64), accounts, System::nanoTime);
        AtomicLong seen = new AtomicLong();
        AtomicInteger complete = new AtomicInteger();
        Map<Integer, String> wrong = new ConcurrentHashMap<>();
        Semaphore open = new Semaphore(40);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < REQUESTS; i++) {
                int seed = i;
                open.acquire();
                pool.execute(() -> {
                    try {
                        String problem = request(engine, model, seed, seen, complete);
                        if (problem != null) {
                            wrong.put(seed, problem);
                        }
                    } catch (InterruptedException | RuntimeException e) {
                        wrong.put(seed, e.toString());
                    } finally {
                        open.release();
                    }
                });
            }
        }
        engine.drain(Engines.FOREVER);
        engine.close();
        engine.assertAllBlocksFree();
        assertThat(Thread.getAllStackTraces().keySet()).filteredOn(t -> !before.contains(t)).extracting(Thread::getName)
                .noneMatch(n -> n.startsWith("engine-"));
        assertThat(wrong).isEmpty();
        assertThat(accounts.ended.get()).isEqualTo(REQUESTS);
        assertThat(accounts.tokens.get()).isGreaterThanOrEqualTo(seen.get());
        assertThat(complete.get()).isGreaterThan(REQUESTS / 2);
        assertThat(engine.snapshot().preemptions()).isPositive();
    }

    private static final class Accounts implements EngineListener {
        final AtomicInteger ended = new AtomicInteger();
        final AtomicLong tokens = new AtomicLong();

        @Override
        public void ended(String model, String tenant, String reason, @Nullable String errorCode, int promptTokens,
                int cachedTokens, int generatedTokens, long e2eNanos) {
            ended.incrementAndGet();
            tokens.addAndGet(generatedTokens);
        }
    }

    /** What was wrong with the answer, or null. */
    private static @Nullable String request(Engine engine, FakeModel model, int seed, AtomicLong seen, AtomicInteger complete)
            throws InterruptedException {
        Random random = new Random(seed);
        int[] prompt = Engines.prompt(random.nextInt(40), 1 + random.nextInt(80));
        int maxTokens = 1 + random.nextInt(60);
        long deadline = random.nextInt(10) == 0 ? engine.now() + random.nextInt(2_000_000) : Long.MAX_VALUE / 2;
        int cancelAt = random.nextInt(5) == 0 ? random.nextInt(20) : -1;
        Sequence s = engine.submit(new SequenceSpec("r" + seed, "t" + seed % 5, 1 + seed % 3, random.nextInt(4) == 0, prompt,
                maxTokens, Set.of(FakeModel.END), deadline, new GreedySampler(), 0, false),
                new TokenQueue(1 + random.nextInt(16)));
        int[] token = new int[1];
        int[] got = new int[maxTokens];
        int n = 0;
        while (true) {
            if (n == cancelAt) {
                s.output().abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED, "gone"));
                engine.wake();
            }
            Taken taken = s.output().take(token, Engines.FOREVER);
            if (taken != Taken.TOKEN) {
                return taken == Taken.END ? check(s, model, Arrays.copyOf(got, n), seen, complete) : "no token for 30 s";
            }
            got[n++] = token[0];
        }
    }

    private static @Nullable String check(Sequence s, FakeModel model, int[] got, AtomicLong seen, AtomicInteger complete) {
        int[] expected = model.generate(s.spec().prompt(), s.spec().maxTokens());
        seen.addAndGet(got.length);
        Ending e = s.output().ending();
        if (e == null || e.kind() == Ending.Kind.ERROR || e.generatedTokens() < got.length) {
            return "ended with " + e + " after " + got.length;
        }
        boolean whole = e.kind() != Ending.Kind.CANCELLED;
        complete.addAndGet(whole ? 1 : 0);
        boolean same = whole ? Arrays.equals(got, expected) : Arrays.equals(got, 0, got.length, expected, 0, got.length);
        return same ? null : "other tokens than alone, " + e.kind();
    }
}
