package ai.realm.runtime.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.model.Adapter;
import ai.realm.core.model.AdapterFixture;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.store.ModelStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class LruModelStoreTest {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final long MODEL_BYTES = 100;
    private static final long ADAPTER_BYTES = 40;

    @TempDir
    private Path dir;

    private final FakeLoader loader = new FakeLoader();
    private final AtomicLong now = new AtomicLong();
    private final LruModelStore store = new LruModelStore(List.of(source("a"), source("b"), source("c")), loader, 200,
            now::incrementAndGet);

    @AfterEach
    void close() {
        loader.gate.countDown();
        store.close();
        assertThat(loader.open.get()).isZero();
    }

    private static ModelSource source(String name) {
        return new ModelSource(name, Path.of(name + ".gguf"));
    }

    private static ErrorCode codeOf(Runnable body) {
        try {
            body.run();
        } catch (RealmException e) {
            return e.code();
        }
        throw new AssertionError("no RealmException");
    }

    private State state(String name) {
        return store.list().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow().state();
    }

    /** Loads models of a fixed size and counts them. */
    private static final class FakeLoader implements ModelLoader {
        final AtomicInteger loads = new AtomicInteger();
        final AtomicInteger open = new AtomicInteger();
        final List<String> events = Collections.synchronizedList(new ArrayList<>());
        volatile CountDownLatch gate = new CountDownLatch(0);
        final CountDownLatch adapterBegun = new CountDownLatch(1);
        volatile CountDownLatch adapterGate = new CountDownLatch(0);
        volatile @Nullable String failure;

        @Override
        public long estimateBytes(ModelSource source) {
            return MODEL_BYTES;
        }

        static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public LoadedModel load(ModelSource source, long room) {
            loads.incrementAndGet();
            await(gate);
            String f = failure;
            if (f != null) {
                throw new RealmException(ErrorCode.MODEL_INVALID, f);
            }
            open.incrementAndGet();
            events.add("load " + source.name());
            return new FakeLoaded(source.name(), this);
        }
    }

    private record FakeLoaded(String name, FakeLoader loader) implements LoadedModel {
        @Override
        public ModelConfig config() {
            return new ModelConfig("fake", name, 10, 100, 4, 1, 1);
        }

        @Override
        public int contextLength() {
            return 100;
        }

        @Override
        public @Nullable Tokenizer tokenizer() {
            return null;
        }

        @Override
        public @Nullable ChatTemplate chatTemplate() {
            return null;
        }

        @Override
        public long bytes() {
            return MODEL_BYTES;
        }

        @Override
        public Adapter adapter(GgufFile file, LongConsumer makeRoom) {
            loader.adapterBegun.countDown();
            FakeLoader.await(loader.adapterGate);
            makeRoom.accept(ADAPTER_BYTES);
            loader.events.add("adapter for " + name);
            return AdapterFixture.ofBytes(ADAPTER_BYTES);
        }

        @Override
        public void drain(Duration limit, ErrorCode reason) {
            loader.events.add("drain " + name);
        }

        @Override
        public void close() {
            loader.open.decrementAndGet();
            loader.events.add("close " + name);
        }
    }

    @Test
    void lease_manyAtOnce_shareOneLoad() throws Exception {
        loader.gate = new CountDownLatch(1);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ModelLease>> leases = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                leases.add(pool.submit(() -> store.lease("a", WAIT)));
            }
            loader.gate.countDown();
            for (Future<ModelLease> f : leases) {
                f.get().close();
            }
        }
        assertThat(loader.loads.get()).isEqualTo(1);
        assertThat(store.list().getFirst().leases()).isZero();
    }

    @Test
    void lease_unknownName_isNotFoundEvenIfItIsAPath() {
        assertThat(codeOf(() -> store.lease("a.gguf", WAIT))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        assertThat(codeOf(() -> store.lease("../a", WAIT))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void lease_whileLoading_isModelLoadingAtTheLimit() {
        loader.gate = new CountDownLatch(1);
        assertThat(codeOf(() -> store.lease("a", Duration.ZERO))).isEqualTo(ErrorCode.MODEL_LOADING);
        assertThat(state("a")).isEqualTo(State.LOADING);
        loader.gate.countDown();
        store.lease("a", WAIT).close();
        assertThat(state("a")).isEqualTo(State.READY);
    }

    @Test
    void lease_loadFails_tellsTheCauseAndTriesAgainAfterAPause() {
        loader.failure = "tensor x is missing";
        assertThatThrownBy(() -> store.lease("a", WAIT)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED)).hasMessageContaining("tensor x is missing");
        assertThat(codeOf(() -> store.lease("a", WAIT))).isEqualTo(ErrorCode.MODEL_LOAD_FAILED);
        assertThat(loader.loads.get()).isEqualTo(1);
        loader.failure = null;
        now.addAndGet(Duration.ofSeconds(6).toNanos());
        store.lease("a", WAIT).close();
        assertThat(loader.loads.get()).isEqualTo(2);
    }

    @Test
    void lease_budgetFull_evictsTheIdleModelUsedLongestAgo() {
        store.lease("a", WAIT).close();
        store.lease("b", WAIT).close();
        store.lease("a", WAIT).close();
        store.lease("c", WAIT).close();
        assertThat(loader.events).containsExactly("load a", "load b", "drain b", "close b", "load c");
        assertThat(state("b")).isEqualTo(State.ABSENT);
    }

    @Test
    void lease_budgetFullOfModelsInUse_isOverloaded() {
        try (ModelLease a = store.lease("a", WAIT); ModelLease b = store.lease("b", WAIT)) {
            assertThat(codeOf(() -> store.lease("c", WAIT))).isEqualTo(ErrorCode.OVERLOADED);
            assertThat(List.of(a.name(), b.name())).containsExactly("a", "b");
        }
    }

    @Test
    void closeLease_twice_countsOnce() {
        ModelLease one = store.lease("a", WAIT);
        ModelLease two = store.lease("a", WAIT);
        one.close();
        one.close();
        assertThat(store.list().getFirst().leases()).isEqualTo(1);
        two.close();
        assertThat(store.list().getFirst().leases()).isZero();
    }

    @Test
    void unload_inUse_drainsThenClosesAndLoadsAgainOnDemand() {
        ModelLease lease = store.lease("a", WAIT);
        store.unload("a", Duration.ofSeconds(1));
        assertThat(loader.events).containsExactly("load a", "drain a", "close a");
        assertThat(state("a")).isEqualTo(State.ABSENT);
        lease.close();
        store.lease("a", WAIT).close();
        assertThat(loader.loads.get()).isEqualTo(2);
    }

    @Test
    void registerAndForget_ofLoadedModel_areRefused() {
        store.lease("a", WAIT).close();
        assertThat(codeOf(() -> store.register(source("a")))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> store.forget("a"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        store.unload("a", Duration.ZERO);
        store.forget("a");
        assertThat(codeOf(() -> store.lease("a", WAIT))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    private ModelSource adapter(String name) {
        return new ModelSource("a:" + name, new GgufBuilder().string("general.type", "adapter").writeTo(dir, name), null, 0, "a",
                1);
    }

    @Test
    void leaseOfAdapters_withRoomForTwo_dropsTheIdleOneUsedLongestAgo() {
        for (String name : List.of("x", "y", "z")) {
            store.register(adapter(name));
        }
        store.lease("b", WAIT).close();
        store.unload("b", Duration.ZERO);
        store.lease("a:x", WAIT).close();
        try (ModelLease y = store.lease("a:y", WAIT)) {
            store.lease("a:x", WAIT).close();
            store.lease("a:z", WAIT).close();
            assertThat(List.of(state("a:x"), state("a:y"), state("a:z"))).containsExactly(State.ABSENT, State.READY, State.READY);
            assertThat(store.list()).extracting(ModelStatus::leases).containsExactly(1, 0, 0, 0, 1, 0);
            assertThat(y.name()).isEqualTo("a:y");
            try (ModelLease z = store.lease("a:z", WAIT)) {
                assertThat(codeOf(() -> store.lease("a:x", WAIT))).isEqualTo(ErrorCode.OVERLOADED);
                assertThat(z.name()).isEqualTo("a:z");
            }
        }
    }

    @Test
    void leaseOfAdapter_ofAModelThatWasUnloaded_readsItAgain() {
        store.register(adapter("x"));
        store.lease("a:x", WAIT).close();
        store.unload("a", Duration.ZERO);
        assertThat(state("a:x")).isEqualTo(State.ABSENT);
        store.lease("a:x", WAIT).close();
        assertThat(loader.events.stream().filter("adapter for a"::equals)).hasSize(2);
    }

    @Test
    void forget_ofAModelWithAdapters_isRefusedUntilTheyAreGone() {
        store.register(adapter("x"));
        assertThat(codeOf(() -> store.forget("a"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        store.forget("a:x");
        store.forget("a");
        assertThat(codeOf(() -> store.register(adapter("y")))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void lease_whileDraining_isDraining() {
        store.drain(Duration.ZERO);
        assertThat(codeOf(() -> store.lease("a", WAIT))).isEqualTo(ErrorCode.DRAINING);
    }

    @Test
    void leaseOfModel_budgetFullOfIdleAdapters_dropsThemAndNoModel() {
        store.register(adapter("x"));
        store.lease("a:x", WAIT).close();
        store.lease("b", WAIT).close();
        assertThat(List.of(state("a"), state("a:x"), state("b"))).containsExactly(State.READY, State.ABSENT, State.READY);
        store.unload("b", Duration.ZERO);
        try (ModelLease a = store.lease("a", WAIT)) {
            store.lease("a:x", WAIT).close();
            store.lease("b", WAIT).close();
            assertThat(a.name()).isEqualTo("a");
        }
    }

    @Test
    void unload_whileAnAdapterIsReadForTheModel_keepsNothingOfIt() throws Exception {
        store.register(adapter("x"));
        loader.adapterGate = new CountDownLatch(1);
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<ModelLease> lease = pool.submit(() -> store.lease("a:x", WAIT));
            loader.adapterBegun.await();
            store.unload("a", Duration.ZERO);
            loader.adapterGate.countDown();
            lease.get().close();
        }
        assertThat(state("a:x")).isEqualTo(State.ABSENT);
        assertThat(store.list()).extracting(ModelStatus::bytes).containsOnly(0L);
    }
}
