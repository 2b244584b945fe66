package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.Usage;
import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several choices of one request, and its priority, on their way from JSON to the guests. */
class ChoicesTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void echo() {
        server.guestHost.behaviour = FakeGuests.ECHO;
        server.guestHost.calls.clear();
    }

    @Test
    void completions_withSeveralChoicesForEachPrompt_numbersThemPromptByPrompt() {
        server.guestHost.behaviour = (call, output) -> {
            output.piece(call.prompt() + (call.params().seed() == null ? "" : 5 + call.choice()));
            return new GuestResult(FinishReason.STOP, new Usage(1, 0, 2), 1);
        };
        JsonNode answer = HttpFixture.json(server.post(TEXT, "{\"prompt\":[\"a\",\"b\"],\"n\":2,\"seed\":5}").body());
        assertThat(answer.path("choices").findValuesAsText("text")).containsExactly("a5", "a6", "b5", "b6");
        assertThat(answer.path("choices").findValuesAsText("index")).containsExactly("0", "1", "2", "3");
        String stream = server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"n\":2,\"stream\":true}")
                .body();
        for (int i = 0; i < 2; i++) {
            String at = "\"index\":" + i + ",";
            assertThat(HttpFixture.events(stream)).anyMatch(e -> e.contains(at) && e.contains("<user>q"))
                    .anyMatch(e -> e.contains(at) && e.contains("\"finish_reason\":\"stop\""));
        }
    }

    @Test
    void guestCpu_ofChoicesThatFail_isInTheTenantsAccount() {
        double before = guestCpuSeconds();
        server.guestHost.behaviour = (call, output) -> {
            output.ended(1_500_000_000);
            throw new RealmException(ErrorCode.GUEST_LIMIT, "the guest reached its limit cpu_time");
        };
        assertThat(server.post(TEXT, "{\"prompt\":\"x\"}").statusCode()).isEqualTo(502);
        assertThat(server.post(TEXT, "{\"prompt\":\"x\",\"n\":3}").statusCode()).isEqualTo(502);
        assertThat(guestCpuSeconds() - before).isEqualTo(4 * 1.5, within(1e-6));
    }

    @Test
    void guestCpu_ofAStreamThatFailsHalfway_isInTheTenantsAccount() {
        double before = guestCpuSeconds();
        server.guestHost.behaviour = (call, output) -> {
            output.piece("half");
            output.ended(1_500_000_000);
            throw new RealmException(ErrorCode.GUEST_FAILED, "the guest failed: trap");
        };
        assertThat(server.post(TEXT, "{\"prompt\":\"x\",\"n\":2,\"stream\":true}").body()).contains("guest_error");
        assertThat(guestCpuSeconds() - before).isEqualTo(2 * 1.5, within(1e-6));
    }

    private static double guestCpuSeconds() {
        return HttpFixture.json(server.get("/v1/usage").body()).at("/total/guest_cpu_seconds").asDouble();
    }

    @Test
    void priority_ofARequest_isItsOwnOrItsTenants() {
        server.post(TEXT, "{\"prompt\":\"x\"}");
        server.post(TEXT, "{\"prompt\":\"x\",\"priority\":\"batch\"}");
        assertThat(server.guestHost.calls).extracting(GuestCall::priority).containsExactly(Priority.INTERACTIVE, Priority.BATCH);
    }
}
