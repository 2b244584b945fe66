package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.RequestContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What one request, tenant or failure must not do to the next. */
class IsolationTest {
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    @Test
    void instance_isFresh_nothingSurvivesARequest() {
        GuestModule counter = f.host.register(GuestFixture.wasm(GuestFixture.generates("""
                (i32.store (i32.const 200) (i32.add (i32.load (i32.const 200)) (i32.const 1)))
                (call $number (i32.load (i32.const 200)) (i32.const 16))""")), f.limits);
        assertThat(f.run(counter).text()).isEqualTo("1");
        assertThat(f.run(counter).text()).isEqualTo("1");
    }

    @Test
    void droppedDataSegment_isThereAgainInTheNextInstance() {
        GuestModule drops = f.host.register(
                GuestFixture
                        .wasm(GuestFixture.generates("(memory.init $d (i32.const 64) (i32.const 0) (i32.const 3)) (data.drop $d) "
                                + "(i32.const 64)").replace("(global $next", "(data $d \"abc\") (global $next")),
                f.limits);
        assertThat(f.run(drops).text()).isEqualTo("abc");
        assertThat(f.run(drops).text()).isEqualTo("abc");
    }

    @Test
    void threadAfterAnInterruptedGuest_servesTheNextRequest() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.cpuTime = java.time.Duration.ofMillis(30);
        f.limits = limits.build();
        GuestModule loops = f.host.register(GuestFixture.wasm(GuestFixture.generates("(loop $l (br $l)) (i32.const 0)")),
                f.limits);
        GuestModule good = f.host.register(Guests.load("default"), f.limits);
        for (int i = 0; i < 5; i++) {
            assertThat(f.run(loops).code()).isEqualTo(ErrorCode.GUEST_LIMIT);
            assertThat(f.run(good).text()).isEqualTo("Paris");
        }
    }

    @Test
    void promptAndOptions_areNeverWrittenOverTheGuestsData() {
        // Sixteen data words around the addresses that fixed layouts used; no allocator, so the host must add its own pages.
        String wat = GuestFixture
                .guest("""
                        (memory (export "memory") 1)
                        (data (i32.const 0) "guarded!") (data (i32.const 1024) "guarded!") (data (i32.const 4096) "guarded!")
                        (data (i32.const 32768) "guarded!") (data (i32.const 65528) "guarded!")
                        (func $same (param $at i32) (result i32) (i64.eq (i64.load (local.get $at)) (i64.const 0x2164656472617567)))
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (if (i32.eqz (i32.and (i32.and (call $same (i32.const 0)) (call $same (i32.const 1024)))
                                (i32.and (call $same (i32.const 4096)) (i32.and (call $same (i32.const 32768)) (call $same (i32.const 65528))))))
                            (then unreachable))
                          (if (i32.lt_u (local.get $prompt) (i32.const 65536)) (then unreachable))
                          (if (i32.rem_u (local.get $options) (i32.const 8)) (then unreachable))
                          (local.get $prompt))""");
        assertThat(f.run(wat).text()).isEqualTo(f.prompt);
    }

    @Test
    void noAllocatorAndNoRoomToGrow_isTheMemoryLimit() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.memoryPages = 1;
        f.limits = limits.build();
        Outcome o = f
                .run("(module (memory (export \"memory\") 1) (func (export \"generate\") (param i32 i32 i32 i32) (result i32) "
                        + "(i32.const 8)))");
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("memory_pages", "1 allowed");
    }

    @Test
    void memoryThatWasRefused_isWhyTheGuestFails_andIsCounted() {
        List<GuestLimit> reached = new ArrayList<>();
        GuestListener listener = new GuestListener() {
            @Override
            public void limitReached(String tenant, GuestLimit limit) {
                reached.add(limit);
            }
        };
        try (GuestFixture counted = new GuestFixture(GuestHostOptions.defaults().withListener(listener))) {
            Outcome o = counted.run(counted.host.register(
                    GuestFixture.wasm(GuestFixture.generates("(drop (memory.grow (i32.const 65536))) (drop (memory.grow "
                            + "(i32.const 65536))) unreachable")),
                    counted.limits));
            assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
            assertThat(o.message()).contains("memory_pages", "65537 reached");
            assertThat(reached).containsExactly(GuestLimit.MEMORY_PAGES);
        }
    }

    @Test
    void limitsAtRegistration_areCountedForTheirTenant() {
        List<String> reached = new ArrayList<>();
        GuestListener listener = new GuestListener() {
            @Override
            public void limitReached(String tenant, GuestLimit limit) {
                reached.add(tenant + " " + limit.label());
            }
        };
        LimitsBuilder tight = new LimitsBuilder();
        tight.memoryPages = 4;
        GuestLimits limits = tight.build();
        byte[] eight = GuestFixture.wasm("(module (memory (export \"memory\") 8) (table 20000 funcref) (func (export "
                + "\"generate\") (param i32 i32 i32 i32) (result i32) (i32.const 8)))");
        try (GuestFixture counted = new GuestFixture(GuestHostOptions.defaults().withListener(listener))) {
            assertThatThrownBy(() -> counted.host.register("acme", eight, limits)).hasMessageContaining("8 pages");
            assertThatThrownBy(() -> counted.host.register("acme", eight, counted.limits)).hasMessageContaining("20000 elements");
            assertThatThrownBy(() -> counted.host.register("acme", new byte[(2 << 20)], counted.limits))
                    .hasMessageContaining("module_bytes");
            assertThat(reached).containsExactly("acme memory_pages", "acme table_elements", "acme module_bytes");
        }
    }

    @Test
    void concurrentInstances_beyondTheLimit_areRefusedAtOnce() throws InterruptedException {
        LimitsBuilder limits = new LimitsBuilder();
        limits.instances = 1;
        f.limits = limits.build();
        f.sessions.hangs();
        GuestModule good = f.host.register(Guests.load("default"), f.limits);
        AtomicReference<Outcome> first = new AtomicReference<>();
        Thread waiting = Thread.ofPlatform().start(() -> first.set(f.run(good)));
        f.sessions.hanging.await();
        Outcome second = f.run(good);
        assertThat(second.code()).isEqualTo(ErrorCode.RATE_LIMIT_EXCEEDED);
        assertThat(second.message()).contains("concurrent_instances", "1 allowed", "2 reached");
        f.context.cancel(ErrorCode.CANCELLED, "enough");
        waiting.join();
        assertThat(first.get().code()).isEqualTo(ErrorCode.CANCELLED);
        f.sessions.hangs(false);
        f.context = f.context();
        assertThat(f.run(good).text()).isEqualTo("Paris");
    }

    @Test
    void allInstancesOfTheServerInUse_isOverloaded() throws InterruptedException {
        try (GuestFixture small = new GuestFixture(GuestHostOptions.defaults().withMaxInstances(1))) {
            small.sessions.hangs();
            GuestModule good = small.host.register(Guests.load("default"), small.limits);
            Thread waiting = Thread.ofPlatform().start(() -> small.run(good));
            assertThat(small.sessions.hanging.await(30, TimeUnit.SECONDS)).as("the request is in its generation").isTrue();
            assertThat(small.run(good).code()).isEqualTo(ErrorCode.OVERLOADED);
            small.context.cancel(ErrorCode.CANCELLED, "enough");
            waiting.join();
        }
    }

    @Test
    void memoryOfAllGuests_isBounded_andNoTenantHasSoMuchThatNoneIsLeft() throws InterruptedException {
        try (GuestFixture small = new GuestFixture(GuestHostOptions.defaults().withMemoryPages(6))) {
            GuestModule hungry = small.host
                    .register(GuestFixture.wasm(GuestFixture.generates("(drop (memory.grow (i32.const 2))) "
                            + "(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) "
                            + "(i32.const 64))) (call $number (memory.size) (i32.const 16))")), small.limits);
            assertThat(small.run(hungry).text()).isEqualTo("3");
            small.sessions.hangs();
            Thread waiting = Thread.ofPlatform().start(() -> small.run(hungry));
            assertThat(small.sessions.hanging.await(30, TimeUnit.SECONDS)).as("the request is in its generation").isTrue();
            small.sessions.hangs(false);
            GuestModule modest = small.host.register(
                    GuestFixture.wasm(GuestFixture.answersNumber("(memory.grow (i32.const 1))")), small.limits);
            assertThat(small.run(modest).text()).as("memory.grow of the tenant that has half of all").isEqualTo("-1");
            RequestContext own = small.context;
            small.context = new RequestContext("req-2", "other", System.nanoTime() + TimeUnit.MINUTES.toNanos(1));
            assertThat(small.run(modest).text()).as("memory.grow of a tenant that has none").isEqualTo("1");
            own.cancel(ErrorCode.CANCELLED, "enough");
            waiting.join();
            small.context = small.context();
            assertThat(small.run(hungry).text()).isEqualTo("3");
        }
    }

    @Test
    void memoryThatIsInUse_isWaitedFor() throws Exception {
        try (GuestFixture small = new GuestFixture(GuestHostOptions.defaults().withMemoryPages(6))) {
            GuestModule four = small.host.register(GuestFixture.wasm(
                    GuestFixture.generates("(drop (memory.grow (i32.const 3))) (drop (call $generate (i32.const 0) "
                            + "(local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) (i32.const 64))) "
                            + "(call $number (memory.size) (i32.const 16))")),
                    small.limits);
            small.sessions.hangs();
            Thread first = Thread.ofPlatform().start(() -> small.run(four));
            assertThat(small.sessions.hanging.await(30, TimeUnit.SECONDS)).as("the request is in its generation").isTrue();
            small.sessions.hangs(false);
            RequestContext held = small.context;
            small.context = small.context();
            AtomicReference<Outcome> second = new AtomicReference<>();
            Thread waits = Thread.ofPlatform().start(() -> second.set(small.run(four)));
            held.cancel(ErrorCode.CANCELLED, "enough");
            waits.join();
            first.join();
            assertThat(second.get().text()).isEqualTo("4");
        }
    }

    @Test
    void slowClient_pausesOnlyItsOwnGuest() throws InterruptedException {
        CountDownLatch reads = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        f.stream = true;
        f.output = text -> {
            blocked.countDown();
            try {
                reads.await();
            } catch (InterruptedException e) {
                throw new RealmException(ErrorCode.CANCELLED, "interrupted", e);
            }
        };
        GuestModule good = f.host.register(Guests.load("default"), f.limits);
        AtomicReference<Outcome> slow = new AtomicReference<>();
        Thread waiting = Thread.ofPlatform().start(() -> slow.set(f.run(good)));
        blocked.await();
        f.output = text -> {};
        assertThat(f.run(good).text()).isEqualTo("Paris");
        reads.countDown();
        waiting.join();
        assertThat(slow.get().text()).isEqualTo("Paris");
    }

    @Test
    void requestAlreadyCancelled_runsNothing() {
        GuestModule good = f.host.register(Guests.load("default"), f.limits);
        f.context.cancel(ErrorCode.DRAINING, "the server is shutting down");
        assertThat(f.run(good).code()).isEqualTo(ErrorCode.DRAINING);
        assertThat(f.sessions.commands).isEmpty();
    }

    @Test
    void sameCode_tighterLimitsOfAnotherTenant_areChecked() {
        byte[] eight = GuestFixture.wasm("(module (memory (export \"memory\") 8) (func (export \"generate\") "
                + "(param i32 i32 i32 i32) (result i32) (i32.const 8)))");
        f.host.register(eight, f.limits);
        LimitsBuilder limits = new LimitsBuilder();
        limits.memoryPages = 4;
        GuestLimits tight = limits.build();
        assertThatThrownBy(() -> f.host.register(eight, tight)).isInstanceOf(RealmException.class).hasMessageContaining("8 pages")
                .hasMessageContaining("at most 4");
    }

    @Test
    void check_reportsWithoutKeeping() {
        GuestReport report = f.host.check(Guests.load("default"), f.limits);
        assertThat(report.abiVersion()).isEqualTo(1);
        assertThat(report.imports()).containsExactly("env.realm_host_generate (i32, i32, i32, i32, i32, i32) -> (i32)",
                "env.realm_host_result (i32, i32, i32) -> (i32)");
        assertThat(report.exports()).contains("memory: memory", "generate (i32, i32, i32, i32) -> (i32)");
        assertThat(report.memoryPages()).isEqualTo(1);
        assertThat(report.maxMemoryPages()).isEqualTo(-1);
        assertThat(report.seesTokens()).isFalse();
        assertThat(report.compileNanos()).isPositive();
    }
}
