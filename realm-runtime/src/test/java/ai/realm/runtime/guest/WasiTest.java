package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import com.dylibso.chicory.wasm.types.ValType;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** WASI preview 1 as far as it is offered: what it answers, and pointers at every boundary. */
class WasiTest {
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private static String guest(String body) {
        String imports = Stream.of(WasiImport.values()).map(i -> "(import \"wasi_snapshot_preview1\" \"" + i.functionName()
                + "\" (func $" + i.functionName() + i.type().params().stream()
                        .map(t -> " (param " + (t.equals(ValType.I64) ? "i64" : "i32") + ")").collect(Collectors.joining())
                + (i == WasiImport.PROC_EXIT ? "" : " (result i32)") + "))\n").collect(Collectors.joining());
        return GuestFixture.generates(body).replace("(module", "(module " + imports).replace("(global $next",
                "(data (i32.const 64) \"hello\\n\") (global $next");
    }

    private String number(String expression) {
        Outcome o = f.run(guest("(call $number (block (result i32) " + expression + ") (i32.const 16))"));
        assertThat(o.error()).isNull();
        return o.text();
    }

    @Test
    void clocks_areThereInMilliseconds_othersAreNot() {
        assertThat(number("(drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 128))) "
                + "(i32.wrap_i64 (i64.div_u (i64.load (i32.const 128)) (i64.const 86400000000000)))").length()).isEqualTo(5);
        assertThat(number("(drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 128))) "
                + "(i32.wrap_i64 (i64.rem_u (i64.load (i32.const 128)) (i64.const 1000000)))")).isEqualTo("0");
        assertThat(number("(call $clock_time_get (i32.const 2) (i64.const 1) (i32.const 128))")).isEqualTo("28");
    }

    @Test
    void environment_isEmpty_andThereAreNoFiles() {
        assertThat(number("(i32.store (i32.const 128) (i32.const 9)) "
                + "(drop (call $environ_sizes_get (i32.const 128) (i32.const 132))) (i32.load (i32.const 128))")).isEqualTo("0");
        assertThat(number("(call $fd_prestat_get (i32.const 3) (i32.const 128))")).isEqualTo("8");
        assertThat(number("(call $fd_write (i32.const 3) (i32.const 128) (i32.const 1) (i32.const 140))")).isEqualTo("8");
    }

    @Test
    void output_isCountedAndGoesToTheLog() {
        assertThat(number("(i32.store (i32.const 128) (i32.const 64)) (i32.store (i32.const 132) (i32.const 6)) "
                + "(drop (call $fd_write (i32.const 1) (i32.const 128) (i32.const 1) (i32.const 140))) (i32.load (i32.const 140))"))
                .isEqualTo("6");
    }

    @Test
    void random_fillsWhatIsAsked() {
        assertThat(number("(drop (call $random_get (i32.const 128) (i32.const 20000))) "
                + "(i32.ne (i64.ne (i64.load (i32.const 128)) (i64.load (i32.const 20000))) (i32.const 0))")).isEqualTo("1");
    }

    @Test
    void procExit_endsTheGuest() {
        Outcome o = f.run(guest("(call $proc_exit (i32.const 3)) (i32.const 64)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("proc_exit(3)");
    }

    @Test
    void sleep_endsWithTheDeadline() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.deadline = Duration.ofMillis(100);
        f.limits = limits.build();
        Outcome o = f.run(guest("(i64.store (i32.const 152) (i64.const 3600000000000)) "
                + "(drop (call $poll_oneoff (i32.const 128) (i32.const 256) (i32.const 1) (i32.const 300))) (i32.const 64)"));
        assertThat(o.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    }

    @ParameterizedTest
    @EnumSource(value = WasiImport.class, names = "PROC_EXIT", mode = EnumSource.Mode.EXCLUDE)
    void pointersAtBoundaries_areErrorNumbers(WasiImport function) {
        for (String v : new String[]{"0", "1", "2", "65528", "65535", "65536", "-1", "-8", "2147483647", "-2147483648"}) {
            for (String w : new String[]{"0", "1", "2", "64", "65536", "-1", "2147483647"}) {
                StringBuilder args = new StringBuilder();
                for (int i = 0; i < function.type().params().size(); i++) {
                    boolean wide = function.type().params().get(i).equals(ValType.I64);
                    args.append(wide ? "(i64.const " : "(i32.const ").append(i % 2 == 0 ? w : v).append(") ");
                }
                boolean sleeps = function == WasiImport.POLL_ONEOFF;
                String call = "(call $" + function.functionName() + " " + args + ")";
                Outcome o = f.run(guest((sleeps ? "(memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))" : "") + "(drop "
                        + call + ") (i32.store8 (i32.const 100) (i32.const 0)) (i32.const 100)"));
                assertThat(o.error()).as(call).isNull();
                if (function.type().params().size() < 2) {
                    break;
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"path_open", "sock_accept", "fd_pwrite"})
    void whatIsNotOffered_isRefusedByName(String name) {
        assertThatThrownBy(() -> f.host.register(GuestFixture.wasm(GuestFixture.generates("(i32.const 8)").replace("(module",
                "(module (import \"wasi_snapshot_preview1\" \"" + name + "\" (func (param i32) (result i32)))")), f.limits))
                .hasMessageContaining("wasi_snapshot_preview1." + name).hasMessageContaining("fd_write");
    }
}
