package ai.realm.server.http.openai.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.Accounts;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.FaultyConnections;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantLimits;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of responses in the background when the database is away for a while. */
class BackgroundRunsTest {
    private static final String ID = "resp_000000000000000000000001";

    private final FaultyConnections connections = FaultyConnections.inMemory();
    private final Database database = connections.database();
    private Instant now = Instant.parse("2026-11-30T12:00:00Z");
    private final TenantStores stores = TenantStores.of(database, new Accounts(database, Clock.systemUTC()), new Clock() {
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
    });
    private final BackgroundRuns runs = new BackgroundRuns(stores);
    private final StoredItems items = new StoredItems(stores,
            new Tenant("acme", "acme", List.of(), false, List.of("tiny"), "tiny",
                    Tenant.DEFAULT_GUEST, Map.of(), GuestLimits.defaults(), TenantLimits.defaults(), 1, Priority.INTERACTIVE));

    @AfterEach
    void close() {
        runs.close();
        database.close();
    }

    private static ObjectNode state(String status) {
        ObjectNode json = Json.mapper().createObjectNode().put("id", ID).put("status", status).put("created_at", 1);
        json.putArray("output");
        return json;
    }

    private BackgroundRun begun() {
        return begun((_, _) -> {});
    }

    private BackgroundRun begun(BiConsumer<BackgroundRun, RealmException> whenFailed) {
        ObjectNode body = Json.mapper().createObjectNode().put("input", "a").put("background", true);
        ResponsesReader.Read read = new ResponsesReader(JsonFields.of(body), ResponsesReader.Memory.NONE).read();
        BackgroundRun run = runs.create(items, read);
        run.begun(read, state("queued"), whenFailed);
        return run;
    }

    private Stored stored() {
        return Objects.requireNonNull(stores.responses().find("acme", ID));
    }

    @Test
    void lastState_thatTheDatabaseDidNotTake_isKeptInALaterRound() {
        BackgroundRun run = begun();
        connections.lose(1);
        run.keep(state("completed"), true);
        run.end();
        assertThat(stored().json()).contains("queued");
        runs.round();
        assertThat(stored().json()).contains("completed");
        assertThat(stored().leaseMillis()).isZero();
    }

    @Test
    void lastState_thatTheDatabaseDidNotTake_isKeptWhenTheServerEnds() {
        BackgroundRun run = begun();
        connections.lose(1);
        run.keep(state("completed"), true);
        run.end();
        runs.close();
        assertThat(stored().json()).contains("completed");
    }

    @Test
    void lease_ofAResponseThatIsMadeNoMore_isNotRenewed() {
        BackgroundRun run = begun();
        now = now.plusSeconds(9);
        runs.round();
        assertThat(stored().leaseMillis()).as("it is made").isEqualTo(now.toEpochMilli() + BackgroundRuns.LEASE.toMillis());
        run.end();
        now = now.plusSeconds(9);
        runs.round();
        now = now.plusSeconds(1);
        assertThat(items.response(ID).json()).contains("failed");
    }

    @Test
    void error_thatCannotBeTold_endsTheRunNevertheless() {
        BackgroundRun run = begun((_, _) -> {
            throw new IllegalStateException("broken");
        });
        assertThatThrownBy(() -> run.error(new RealmException(ErrorCode.INTERNAL, "x"), ErrorShape.OPENAI))
                .isInstanceOf(IllegalStateException.class);
        assertThat(run.hasEnded()).isTrue();
    }

    /** What a follower is sent. */
    private String followed(BackgroundRun run, long after) {
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        ServletOutputStream out = new ServletOutputStream() {
            @Override
            public boolean isReady() {
                return true;
            }

            @Override
            public void setWriteListener(WriteListener listener) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(int b) {
                sent.write(b);
            }
        };
        HttpServletResponse response = (HttpServletResponse) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[]{HttpServletResponse.class}, (_, m, _) -> m.getName().equals("getOutputStream") ? out : null);
        run.follow(new SseStream(response, new RequestContext("r", "acme", Long.MAX_VALUE)), after);
        return sent.toString(StandardCharsets.UTF_8);
    }

    private static SseStream.Event event(int bytes) {
        return new SseStream.Event("e", "x".repeat(bytes).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void follow_thatHasFallenBehindWhatIsKept_endsWithAnError() {
        BackgroundRun run = begun();
        for (int i = 0; i < 6; i++) {
            run.add(List.of(event(1 << 20)));
        }
        run.end();
        assertThat(followed(run, -1)).startsWith("event: error\ndata: ").contains("before 2 are not kept",
                "\"sequence_number\":-1");
        assertThat(followed(run, 4)).startsWith("event: e\ndata: x").doesNotContain("event: error");
    }

    @Test
    void events_keptAndSentInParts_haveTheirNumbers() {
        KeptEvents events = new KeptEvents(100);
        for (int i = 0; i < 1000; i++) {
            events.add(new SseStream.Event(null, new byte[]{(byte) i, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
            assertThat(events.end()).isEqualTo(i + 1);
            assertThat(events.first()).isEqualTo(Math.max(0, i - 9));
            assertThat(events.bytes()).isEqualTo(10 * (events.end() - events.first()));
            assertThat(events.from(events.first(), 3).getFirst().json()[0]).isEqualTo((byte) events.first());
            assertThat(events.from(events.end(), 3)).isEmpty();
        }
        assertThat(events.from(995, 3)).extracting(e -> e.json()[0]).containsExactly((byte) 995, (byte) 996, (byte) 997);
        assertThat(events.from(995, 30)).hasSize(5);
        events.add(event(1000));
        assertThat(events.from(1000, 3)).as("the newest is kept however long").hasSize(1);
    }
}
