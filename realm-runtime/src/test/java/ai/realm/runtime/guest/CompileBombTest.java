package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Modules made to break the compiler: refused before it sees them; and what compiling may take, whoever else wants to. */
class CompileBombTest {
    private static final long ALLOCATED_BYTES = 64L << 20;
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    /** So many functions, of so many locals, so many values on the stack and so many places to jump to. */
    static byte[] frames(int functions, int locals, int values, int places) {
        WasmBytes code = WasmBytes.part().u(locals == 0 ? 0 : 1);
        if (locals > 0) {
            code.u(locals).bytes(WasmBytes.I32);
        }
        code.times(values, 0x41, 1).times(places, 0x02, 0x40, 0x41, 0, 0x0d, 0, 0x0b).times(values, 0x1a).bytes(0x0b);
        WasmBytes body = WasmBytes.part().sized(code);
        WasmBytes bodies = WasmBytes.part().u(functions + 1L)
                .raw(WasmBytes.body(WasmBytes.part().bytes(0x41, 8)).get());
        WasmBytes kinds = WasmBytes.part().u(functions + 1L).bytes(0);
        for (int i = 0; i < functions; i++) {
            bodies.raw(body.get());
            kinds.bytes(1);
        }
        return WasmBytes.module().section(1, WasmBytes.types()).section(3, kinds).section(5, WasmBytes.memoryOfOnePage())
                .section(7, WasmBytes.usualExports()).section(10, bodies).get();
    }

    private record Bomb(int functions, int locals, int values, int places) {
        byte[] wasm() {
            return frames(functions, locals, values, places);
        }
    }

    static List<Bomb> bombs() {
        return List.of(new Bomb(80, 4000, 0, 700), new Bomb(60, 0, 2000, 500), new Bomb(400, 300, 300, 100),
                new Bomb(9000, 4000, 0, 0), new Bomb(2000, 4000, 0, 0), new Bomb(3, 4000, 2000, 900));
    }

    @ParameterizedTest
    @MethodSource("bombs")
    void localsAndStackTimesPlaces_areBoundedBeforeAnythingIsBuilt(Bomb bomb) {
        byte[] wasm = bomb.wasm();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getTotalThreadAllocatedBytes();
        assertThatThrownBy(() -> f.host.register("acme", wasm, f.limits))
                .isInstanceOfSatisfying(RealmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.GUEST_REFUSED))
                .hasMessageMatching(".*(places that can be jumped to|locals up to function).*wanted.*");
        assertThat(threads.getTotalThreadAllocatedBytes() - before).isLessThan(ALLOCATED_BYTES);
    }

    @Test
    void largestThatIsAllowed_isCompiled() {
        assertThat(f.run(frames(3, 4000, 0, 200)).text()).isEmpty();
        assertThat(f.run(frames(8, 0, 500, 300)).text()).isEmpty();
    }

    @Test
    void compileTime_isProcessorTimeAndNamed() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.compileTime = Duration.ofMillis(1);
        assertThatThrownBy(() -> f.host.register("acme", frames(200, 10, 10, 50), limits.build()))
                .hasMessageContaining("compile_time: 1 ms allowed by guest_limits.compile_ms")
                .hasMessageContaining("of processor time");
    }

    @Test
    void sameModule_refusedForOneTenantsLimit_isCompiledForAnother() throws Exception {
        LimitsBuilder tight = new LimitsBuilder();
        tight.compileTime = Duration.ofMillis(1);
        byte[] wasm = frames(300, 10, 10, 50);
        CompletableFuture<Boolean> refused = CompletableFuture.supplyAsync(() -> {
            try {
                f.host.register("tight", wasm, tight.build());
                return false;
            } catch (GuestLimitException e) {
                return true;
            }
        });
        f.host.register("wide", wasm, f.limits);
        refused.get(1, TimeUnit.MINUTES);
        assertThat(f.run(wasm).text()).isEmpty();
    }

    @Test
    void oneTenantsModules_waitForEachOther_notAnothersForThem() throws Exception {
        CompilerQueue queue = new CompilerQueue(2);
        CompilerQueue.Place first = queue.enter("greedy", 1);
        assertThatThrownBy(() -> queue.enter("greedy", 1)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED));
        CountDownLatch got = new CountDownLatch(1);
        Thread second = Thread.ofPlatform().start(() -> {
            try (CompilerQueue.Place place = queue.enter("greedy", TimeUnit.MINUTES.toNanos(1))) {
                got.countDown();
            }
        });
        queue.enter("modest", TimeUnit.MINUTES.toNanos(1)).close();
        assertThat(got.getCount()).as("the greedy tenant's second has waited").isEqualTo(1);
        first.close();
        assertThat(got.await(1, TimeUnit.MINUTES)).isTrue();
        second.join();
    }
}
