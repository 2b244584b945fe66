package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that is started once, when it is registered: requests begin with its memory and globals as they were then. */
class SnapshotTest {
    @TempDir
    Path folder;

    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private static byte[] guest(String snapshot, String generate) {
        return GuestFixture.wasm(GuestFixture.guest(GuestFixture.BASICS
                + """
                        (global $count (mut i32) (i32.const 0))
                        (table 4 funcref)
                        (func $some)
                        (elem declare func $some)
                        (data (i32.const 1000) "\\05")
                        (func (export "_initialize") (global.set $count (i32.add (global.get $count) (i32.const 1))))
                        (func (export "realm_snapshot") (result i32)
                          %s)
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          %s)
                        """
                        .formatted(snapshot, generate)));
    }

    private static String number(String expression) {
        return "(call $number " + expression + " (i32.const 16))";
    }

    @Test
    void requests_beginWithMemoryAndGlobals_andLeaveNothing() {
        GuestModule module = f.host.register(guest(
                "(i32.store (i32.const 2000) (i32.const 40)) (drop (memory.grow (i32.const 2))) "
                        + "(i32.store (i32.const 190000) (i32.const 7)) (i32.const 0)",
                "(i32.store (i32.const 2000) (i32.add (i32.load (i32.const 2000)) (i32.const 1))) "
                        + "(global.set $count (i32.add (global.get $count) (i32.const 1))) "
                        + number(
                                "(i32.add (i32.mul (i32.load (i32.const 2000)) (i32.const 10000)) (i32.add (i32.mul (memory.size) "
                                        + "(i32.const 1000)) (i32.add (i32.mul (i32.load8_u (i32.const 1000)) (i32.const 100)) "
                                        + "(i32.add (i32.mul (i32.load (i32.const 190000)) (i32.const 10)) (global.get $count)))))")),
                f.limits);
        for (int i = 0; i < 3; i++) {
            assertThat(f.run(module).text()).isEqualTo("413572");
        }
    }

    @Test
    void initialMemoryClearedBeforeTheSnapshot_staysCleared() {
        assertThat(f
                .run(guest("(i32.store8 (i32.const 1000) (i32.const 0)) (i32.const 0)", number("(i32.load8_u (i32.const 1000))")))
                .text()).isEqualTo("0");
    }

    @Test
    void hostFunctions_areClosedBeforeTheSnapshot() {
        assertThat(f.run(guest(
                "(i32.store (i32.const 2000) (call $kv_get (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))) "
                        + "(call $log (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0)",
                number("(i32.load (i32.const 2000))"))).text())
                .isEqualTo("-18");
    }

    @Test
    void snapshotThatTraps_isRefusedWithThePlace() {
        assertThatThrownBy(() -> f.host.register(guest("(unreachable)", "(i32.const 8)"), f.limits))
                .hasMessageContaining("unreachable").hasMessageContaining(" at 0x");
    }

    @Test
    void snapshotThatSaysNo_isRefused() {
        assertThatThrownBy(() -> f.host.register(guest("(i32.const 3)", "(i32.const 8)"), f.limits))
                .hasMessageContaining("realm_snapshot returned 3");
    }

    @Test
    void snapshotThatChangesTables_isRefused() {
        assertThatThrownBy(
                () -> f.host.register(guest("(table.set (i32.const 1) (ref.func $some)) (i32.const 0)", "(i32.const 8)"),
                        f.limits))
                .hasMessageContaining("table 0 has changed");
    }

    @Test
    void snapshotThatDoesNotEnd_isRefusedByItsProcessorTime() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.compileTime = Duration.ofSeconds(1);
        f.limits = limits.build();
        assertThatThrownBy(() -> f.host.register(guest("(loop $l (br $l)) (i32.const 0)", "(i32.const 8)"), f.limits))
                .hasMessageContaining("1000 ms of processor time");
    }

    @Test
    void snapshotLargerThanATenantsMemory_isRefusedForThatTenant() {
        byte[] wasm = guest("(drop (memory.grow (i32.const 20))) (i32.const 0)", "(i32.const 8)");
        f.host.register(wasm, f.limits);
        LimitsBuilder small = new LimitsBuilder();
        small.memoryPages = 10;
        assertThatThrownBy(() -> f.host.register(wasm, small.build())).hasMessageContaining("starts with 21 pages");
    }

    /** Whose version is told after it has slept for an hour, and is a number that changes nothing else. */
    private static byte[] sleeper() {
        return GuestFixture.wasm(GuestFixture.guest("""
                (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                """ + GuestFixture.BASICS
                + """
                        (func (export "realm_snapshot") (result i32) (i32.const 0))
                        (func (export "realm_abi_version") (result i32)
                          (i64.store (i32.const 152) (i64.const 3600000000000))
                          (drop (call $poll (i32.const 128) (i32.const 256) (i32.const 1) (i32.const 300)))
                          (i32.load (i32.const 300)))
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (i32.const 8))
                        """));
    }

    @Test
    @Timeout(30)
    void sleepBeforeAnyRequest_isOverAtOnce() {
        assertThat(f.host.register(sleeper(), f.limits).abiVersion()).isEqualTo(1);
    }

    @Test
    void guestOnDisk_isNotAskedForItsVersionAgain() throws IOException {
        String digest;
        try (GuestFixture g = new GuestFixture(GuestHostOptions.defaults().withCompiledCache(folder))) {
            digest = g.host.register(sleeper(), g.limits).digest();
        }
        GuestImage kept = GuestImage.decode(java.util.Objects.requireNonNull(new CompiledCache(folder).get(digest)));
        assertThat(kept.abiVersion()).isEqualTo(1);
        Files.delete(folder.resolve(digest + ".guest"));
        new CompiledCache(folder).putIfAbsent(digest, kept.started(0, null).encode());
        try (GuestFixture g = new GuestFixture(GuestHostOptions.defaults().withCompiledCache(folder))) {
            assertThat(g.host.register(sleeper(), g.limits).abiVersion()).isZero();
        }
    }

    @Test
    void snapshotOnDisk_isWhatTheNextServerBeginsWith() {
        byte[] wasm = guest("(i32.store (i32.const 2000) (i32.const 9)) (i32.const 0)", number("(i32.load (i32.const 2000))"));
        for (int i = 0; i < 2; i++) {
            try (GuestFixture g = new GuestFixture(GuestHostOptions.defaults().withCompiledCache(folder))) {
                assertThat(g.run(wasm).text()).isEqualTo("9");
            }
        }
    }
}
