package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code on_schedule}: what it gets, what it may do, and how it fails; and that what guests say goes to their tenant's log. */
class ScheduledGuestTest {
    private final List<String> lines = new ArrayList<>();
    private final GuestFixture f = new GuestFixture(GuestHostOptions.defaults().withCpuShare(1)
            .withLines((tenant, request, _, level, text) -> lines.add(tenant + " " + request + " " + level + " " + text)));

    @AfterEach
    void close() {
        f.close();
    }

    private Outcome scheduled(String body) {
        f.schedule = "nightly";
        return f.run(GuestFixture.guest(GuestFixture.BASICS + """
                (func (export "generate") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "on_schedule") (param $name i32) (param $len i32) (result i32) %s)
                """.formatted(body)));
    }

    @Test
    void run_getsItsName_mayGenerateAndStore_andHasNoAnswer() {
        Outcome o = scheduled(
                """
                        (drop (call $generate (i32.const 0) (local.get $name) (local.get $len) (i32.const 0) (i32.const 4096) (i32.const 4096)))
                        (call $kv_set (local.get $name) (local.get $len) (i32.const 4096) (i32.const 5))""");
        assertThat(o.error()).isNull();
        assertThat(o.text()).isEmpty();
        assertThat(f.sessions.last().prompt().toString()).contains("nightly");
        assertThat(f.kv.get("nightly".getBytes(StandardCharsets.UTF_8))).isEqualTo("Paris".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void run_thatReturnsAnError_traps_orNeverEnds_fails() {
        assertThat(scheduled("(i32.const 3)").message()).contains("on_schedule returned 3");
        assertThat(scheduled("unreachable").message()).contains("in export on_schedule").contains("unreachable");
        LimitsBuilder limits = new LimitsBuilder();
        limits.cpuTime = Duration.ofMillis(100);
        f.limits = limits.build();
        assertThat(scheduled("(loop $l (br $l)) (i32.const 0)").code()).isEqualTo(ErrorCode.GUEST_LIMIT);
    }

    @Test
    void guestWithoutTheExport_orWithAnotherSignature_isToldSo() {
        f.schedule = "nightly";
        assertThat(f.run(GuestFixture.generates("(i32.const 0)")).message()).contains("the guest has no export on_schedule");
        String other = GuestFixture.guest(GuestFixture.BASICS + """
                (func (export "generate") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "on_schedule") (result i32) unreachable)""");
        assertThatThrownBy(() -> f.run(other))
                .hasMessageContaining("on_schedule has signature () -> (i32); wanted: (i32, i32) -> (i32)");
    }

    @Test
    void scripts_haveOnSchedule() {
        f.schedule = "nightly";
        Outcome o = f.run(GuestScripts.javascript("""
                function generate() { return "asked"; }
                function onSchedule(name) { realm.kv.set("ran", name); }""".getBytes(StandardCharsets.UTF_8)));
        assertThat(o.error()).isNull();
        assertThat(f.kv.get("ran".getBytes(StandardCharsets.UTF_8))).isEqualTo("nightly".getBytes(StandardCharsets.UTF_8));
        assertThat(
                f.run(GuestScripts.javascript("function generate() { return 'x'; }".getBytes(StandardCharsets.UTF_8))).message())
                .contains("no export on_schedule");
        assertThat(f.run(GuestScripts.javascript(
                "function generate() { return 'x'; } function onSchedule() { throw new Error('no'); }"
                        .getBytes(StandardCharsets.UTF_8)))
                .code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(lines).anyMatch(l -> l.startsWith("acme req-1 0 Error: no"));
    }

    @Test
    void tenantsLog_hasLinesAndTraps() {
        f.run(GuestFixture.generates("(call $log (i32.const 1) (local.get $prompt) (i32.const 3)) unreachable"));
        assertThat(lines.getFirst()).isEqualTo("acme req-1 1 The");
        assertThat(lines.get(1)).startsWith("acme req-1 0 stopped: ").contains("in export generate: ");
    }
}
