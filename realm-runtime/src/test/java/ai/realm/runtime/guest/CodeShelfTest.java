package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compiled code that nobody uses is let go and comes back. */
class CodeShelfTest {
    @TempDir
    Path folder;

    private final AtomicInteger evicted = new AtomicInteger();
    private final AtomicInteger restored = new AtomicInteger();
    private final GuestListener listener = new GuestListener() {
        @Override
        public void evicted(String digest) {
            evicted.incrementAndGet();
        }

        @Override
        public void restored(String digest, long nanos) {
            restored.incrementAndGet();
        }
    };

    /** A module with so many functions that a few of it are a mebibyte when they are loaded. */
    private static byte[] module(int number) {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            body.append("(func $f").append(i).append(" (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const ")
                    .append(number * 1000 + i).append(")) (i32.load (i32.and (local.get 0) (i32.const 1023)))))\n");
        }
        return GuestFixture.wasm(GuestFixture.guest(GuestFixture.BASICS + body
                + """
                        (data (i32.const 512) "kept data")
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (call $number (i32.add (i32.const %d) (i32.load8_u (i32.const 512))) (i32.const 16)))
                        """
                        .formatted(number)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void manyModules_eachAnswersAlsoAfterItsCodeWasLetGo(boolean disk) {
        GuestHostOptions options = GuestHostOptions.defaults().withCpuShare(1).withCompiledMegabytes(1).withListener(listener)
                .withCompiledCache(disk ? folder : null);
        try (GuestFixture f = new GuestFixture(options)) {
            List<GuestModule> modules = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                modules.add(f.host.register(module(i), f.limits));
            }
            assertThat(evicted.get()).isPositive();
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 8; i++) {
                    assertThat(f.run(modules.get(i)).text()).isEqualTo(Integer.toString(i + 'k'));
                }
            }
            assertThat(restored.get()).isPositive();
        }
    }

    @Test
    void imageGoneFromTheDisk_isSaid_andRegisteringAgainMends() throws IOException {
        GuestHostOptions options = GuestHostOptions.defaults().withCpuShare(1).withCompiledMegabytes(1).withListener(listener)
                .withCompiledCache(folder);
        try (GuestFixture f = new GuestFixture(options)) {
            GuestModule first = f.host.register(module(0), f.limits);
            List<GuestModule> others = new ArrayList<>();
            for (int i = 1; i < 8; i++) {
                others.add(f.host.register(module(i), f.limits));
            }
            assertThat(others).hasSize(7);
            try (Stream<Path> files = Files.list(folder)) {
                for (Path p : files.filter(p -> p.toString().endsWith(".guest")).toList()) {
                    Files.delete(p);
                }
            }
            assertThat(f.host.isReady(first)).isFalse();
            assertThat(f.run(first).code()).isEqualTo(ErrorCode.OVERLOADED);
            GuestModule again = f.host.register(module(0), f.limits);
            assertThat(f.host.isReady(again)).isTrue();
            assertThat(f.run(again).text()).isEqualTo(Integer.toString('k'));
        }
    }

    @Test
    @Timeout(60)
    void loadingThatFails_isTold_andHoldsUpNobodyAfterwards() {
        AtomicBoolean fails = new AtomicBoolean(true);
        GuestListener failing = new GuestListener() {
            @Override
            public void restored(String digest, long nanos) {
                if (fails.getAndSet(false)) {
                    throw new IllegalStateException("not today");
                }
            }
        };
        GuestHostOptions options = GuestHostOptions.defaults().withCpuShare(1).withCompiledMegabytes(1).withListener(failing);
        try (GuestFixture f = new GuestFixture(options)) {
            List<GuestModule> modules = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                modules.add(f.host.register(module(i), f.limits));
            }
            assertThatThrownBy(() -> f.host.register(module(0), f.limits)).hasMessage("not today");
            assertThat(f.host.register(module(0), f.limits)).isSameAs(modules.getFirst());
        }
    }

    @Test
    void scriptWhoseEngineIsGone_isGoneToo() {
        CodeShelf shelf = new CodeShelf(1 << 20, null, listener);
        CompiledGuest engine = guest("engine", 10, null);
        engine.code(null);
        CompiledGuest script = guest("script", 5, engine);
        script.code(null);
        assertThat(shelf.code(script)).isNull();
    }

    @Test
    void engine_isKeptAsLongAsItsScriptsAreUsed() {
        CodeShelf shelf = new CodeShelf(25, null, listener);
        CompiledGuest engine = guest("engine", 10, null);
        shelf.keep(engine);
        CompiledGuest script = guest("script", 5, engine);
        shelf.keep(script);
        CompiledGuest other = guest("other", 8, null);
        shelf.keep(other);
        assertThat(shelf.code(script)).isNotNull();
        CompiledGuest newest = guest("newest", 8, null);
        shelf.keep(newest);
        assertThat(engine.code()).isNotNull();
        assertThat(script.code()).isNotNull();
        assertThat(other.code()).isNull();
    }

    /** One whose code takes so much; a script when it has an engine. */
    private static CompiledGuest guest(String digest, long bytes, @Nullable CompiledGuest engine) {
        try (GuestFixture f = new GuestFixture()) {
            CompiledGuest any = CompiledGuest
                    .of(f.host.register(GuestFixture.wasm(GuestFixture.answersNumber("(i32.const 1)")), f.limits));
            GuestReport r = any.report();
            GuestReport named = new GuestReport(digest, r.moduleBytes(), r.imports(), r.exports(), r.abiVersion(),
                    r.memoryPages(),
                    r.maxMemoryPages(), r.tableElements(), r.functions(), r.seesTokens(), r.compileNanos());
            GuestImage image = engine == null ? null : new GuestImage(new byte[0], new byte[1], new byte[0], new byte[0], 0);
            return new CompiledGuest(named, any.facts(), any.code(), image, bytes, engine, digest);
        }
    }

    @Test
    void moduleLimits_areSettings() {
        ModuleLimits d = ModuleLimits.defaults();
        ModuleLimits few = new ModuleLimits(100, d.types(), d.globals(), d.exports(), d.segments(), d.tables(), d.locals(),
                d.allLocals(),
                d.branchTargets(), d.nesting(), d.frameValues());
        try (GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withModules(few))) {
            assertThatThrownBy(() -> f.host.register(module(0), f.limits)).isInstanceOf(RealmException.class)
                    .hasMessageContaining("functions; wanted: at most 100");
        }
    }
}
