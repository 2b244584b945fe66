package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.GuestLogs;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.InferenceRunner;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.openai.GuestChats;
import ai.realm.server.http.schedules.ScheduleRunner;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.config.ServerSettings;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.BodyReader;
import ai.realm.server.http.transport.ClientWatch;
import java.net.http.HttpRequest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Timetables of guests on two servers that share a database, by a clock that the test moves. */
class ScheduleRunnerTest {
    private final HttpFixture server = new HttpFixture();
    private final BlockingQueue<String> runs = new LinkedBlockingQueue<>();
    private final MovedClock clock = new MovedClock();
    private volatile CountDownLatch goOn = new CountDownLatch(0);
    private final ClientWatch watch = new ClientWatch();
    private final List<GuestLogs> logs = new ArrayList<>();
    private ScheduleRunner one;
    private ScheduleRunner two;

    private static final class MovedClock extends Clock {
        private volatile Instant now = Instant.parse("2026-03-01T12:00:30Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    @BeforeEach
    void start() {
        server.guestHost.behaviour = (call, output) -> {
            runs.add(call.schedule() + " " + call.requestJson().contains("\"schedule\":\"" + call.schedule() + "\""));
            goOn.await();
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 4), 1);
        };
        admin("{\"guest_schedule\":{\"report\":\"* * * * *\"},\"limits\":{\"deadline_seconds\":300}}");
        one = runner();
        two = runner();
        one.look();
        two.look();
    }

    private void admin(String patch) {
        admin("acme", patch);
    }

    private void admin(String tenant, String patch) {
        assertThat(server
                .send(server.request("/admin/tenants/" + tenant).setHeader("Authorization", "Bearer " + HttpFixture.ADMIN_KEY)
                        .method("PATCH", HttpRequest.BodyPublishers.ofString(patch)).build())
                .statusCode()).isEqualTo(200);
    }

    private ScheduleRunner runner() {
        HttpServer.Services s = server.services;
        TenantStores stores = TenantStores.of(server.database, s.accounts(), clock);
        InferenceRunner inference = new InferenceRunner(s.models(), s.guestHost(), s.guests(), GuestChats::read, s.outbound());
        logs.add(stores.guestLogs());
        RequestFrame.Parts frame = new RequestFrame.Parts(s.gate(), s.models(), s.sessions(), watch, s.active(),
                new Answers(new BodyReader(ServerSettings.defaults().connections().body())), s.accounts(), s.metrics(),
                s.registry(),
                false, ApiSettings::defaults, s.operations().tracer());
        return new ScheduleRunner(stores, s.tenants(), new InferenceHandler.Parts(frame, s.guests(), inference), clock);
    }

    @AfterEach
    void close() {
        goOn.countDown();
        one.close();
        two.close();
        watch.close();
        server.close();
    }

    private String ran() throws InterruptedException {
        String run = runs.poll(20, TimeUnit.SECONDS);
        assertThat(run).as("a run").isNotNull();
        return run;
    }

    private void passes(Duration time) {
        clock.now = clock.now.plus(time);
        one.look();
        two.look();
    }

    /** What the servers have logged for the tenant. */
    private List<String> logged() {
        logs.forEach(GuestLogs::flush);
        return logs.getFirst().newest("acme", 0, 10).stream().map(GuestLogs.Line::text).toList();
    }

    /** The place is free again a moment after the guest has ended. */
    private void until(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @Test
    void run_isDoneByOneServer_onceADueTime_andAccounted() throws Exception {
        assertThat(runs).as("nothing was due since it is known").isEmpty();
        long before = server.accounts();
        passes(Duration.ofMinutes(1));
        assertThat(ran()).isEqualTo("report true");
        one.look();
        two.look();
        until(() -> server.accounts() == before + 1);
        assertThat(runs).isEmpty();
        passes(Duration.ofSeconds(20));
        assertThat(runs).as("not due").isEmpty();
    }

    @Test
    void runThatOverruns_isNotJoinedByTheNext_whichTheLogNames() throws Exception {
        goOn = new CountDownLatch(1);
        passes(Duration.ofMinutes(1));
        ran();
        passes(Duration.ofMinutes(1));
        assertThat(runs).isEmpty();
        assertThat(logged()).containsExactly("schedule report: left out, as the run before has not ended");
        goOn.countDown();
        until(() -> {
            passes(Duration.ofMinutes(1));
            return !runs.isEmpty();
        });
    }

    @Test
    void whatWasDueMeanwhile_isDoneOnce() throws Exception {
        passes(Duration.ofHours(5));
        ran();
        one.look();
        two.look();
        assertThat(runs).isEmpty();
    }

    /** Each server gives a tenant two places of its eight. */
    @Test
    void tenantWhoseRunsDoNotEnd_leavesPlacesToTheOthers() throws Exception {
        goOn = new CountDownLatch(1);
        admin("{\"guest_schedule\":{\"report\":null}}");
        admin("{\"guest_schedule\":{" + IntStream.range(0, 20).mapToObj(i -> "\"t" + i + "\":\"* * * * *\"")
                .collect(Collectors.joining(",")) + "}}");
        admin("limited", "{\"guest_schedule\":{\"other\":\"* * * * *\"}}");
        one.look();
        clock.now = clock.now.plus(Duration.ofMinutes(1));
        one.look();
        assertThat(List.of(ran(), ran(), ran())).filteredOn("other true"::equals).hasSize(1);
        one.look();
        assertThat(runs).isEmpty();
        goOn.countDown();
        List<String> others = new ArrayList<>();
        until(() -> {
            one.look();
            runs.drainTo(others);
            return others.size() == 18;
        });
        assertThat(others).doesNotHaveDuplicates().doesNotContain("other true");
    }

    @Test
    void lookThatFails_forOneTimetable_isTriedAgain() throws Exception {
        Instant due = clock.now.plus(Duration.ofMinutes(1));
        clock.now = null;
        one.look();
        clock.now = due;
        one.look();
        assertThat(ran()).isEqualTo("report true");
    }

    @Test
    void serverThatDrains_beginsNothing_andDoesNotWait() throws Exception {
        goOn = new CountDownLatch(1);
        admin("{\"guest_schedule\":{\"second\":\"* * * * *\"}}");
        one.look();
        admin("{\"guest_schedule\":{\"second\":null}}");
        clock.now = clock.now.plus(Duration.ofMinutes(1));
        one.look();
        ran();
        one.drain();
        admin("{\"guest_schedule\":{\"second\":\"* * * * *\"}}");
        clock.now = clock.now.plus(Duration.ofMinutes(1));
        one.look();
        assertThat(runs).isEmpty();
        two.look();
        assertThat(ran()).as("another server does it").isEqualTo("second true");
    }

    @Test
    void runThatFails_isInTheTenantsLog() throws Exception {
        server.guestHost.behaviour = (call, output) -> {
            runs.add("failed");
            throw new RealmException(ErrorCode.GUEST_FAILED, "the guest failed: trap: here");
        };
        passes(Duration.ofMinutes(1));
        ran();
        until(() -> logged().contains("schedule report failed: the guest failed: trap: here"));
    }

    @Test
    void timetableThatWasTakenAway_orASuspendedTenants_runsNothing() {
        admin("{\"guest_schedule\":{\"report\":null}}");
        passes(Duration.ofMinutes(1));
        admin("{\"guest_schedule\":{\"report\":\"* * * * *\"},\"suspended\":true}");
        passes(Duration.ofMinutes(1));
        assertThat(runs).isEmpty();
    }
}
