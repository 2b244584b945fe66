package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is refused or fails: each with its status and a message that helps, and the next request works. */
class RefusalsIT {
    private static Api acme;

    @BeforeAll
    static void start() {
        acme = new Api(TestServer.get().url(), TestServer.ACME);
    }

    @AfterEach
    void nextRequest_works() {
        assertThat(acme.chat(Api.chat("What is the capital of France?")).text()).contains("Paris");
    }

    private static Api with(String key) {
        return new Api(acme.url(), key);
    }

    @Test
    void key_thatIsWrong_is401() {
        Api.Answer a = with("rk-nobody").chat(Api.chat("hi"));
        assertThat(a.status()).isEqualTo(401);
        assertThat(a.errorCode()).isEqualTo("invalid_api_key");
        assertThat(with("acme").chat(Api.chat("hi")).status()).as("a tenant's id is no key").isEqualTo(401);
        assertThat(with(TestServer.hash(TestServer.ACME)).chat(Api.chat("hi")).status()).as("nor is a hash").isEqualTo(401);
    }

    @Test
    void tenant_thatIsSuspended_is403() {
        assertThat(with(TestServer.SUSPENDED).chat(Api.chat("hi")).errorCode()).isEqualTo("tenant_suspended");
    }

    @Test
    void model_unknownNotGrantedOrAPath_is404() {
        for (String name : new String[]{"gpt-9", "../models/SmolLM2-135M-Instruct.Q4_1.gguf", "/etc/passwd"}) {
            Api.Answer a = acme.chat(Api.chat("hi").put("model", name));
            assertThat(a.status()).isEqualTo(404);
            assertThat(a.errorCode()).isEqualTo("model_not_found");
            assertThat(a.errorMessage()).contains("/v1/models");
        }
        assertThat(with(TestServer.OTHER).chat(Api.chat("hi")).errorCode()).isEqualTo("model_not_found");
    }

    @Test
    void body_thatIsTooLarge_is413() {
        Api.Answer a = acme.complete(Api.completion("x ".repeat(TestServer.BODY_LIMIT)));
        assertThat(a.status()).isEqualTo(413);
        assertThat(a.errorMessage()).contains(Integer.toString(TestServer.BODY_LIMIT));
    }

    @Test
    void json_thatIsMalformed_is400() {
        Api.Answer a = acme.post("/v1/completions", "{\"prompt\": \"x\"");
        assertThat(a.status()).isEqualTo(400);
        assertThat(a.errorMessage()).contains("JSON").contains("line");
    }

    @Test
    void parameter_thatIsNotSupported_is400NamingIt() {
        Api.Answer a = acme.chat(Api.chat("hi").put("use_beam_search", true));
        assertThat(a.status()).isEqualTo(400);
        assertThat(a.json().at("/error/param").asText()).isEqualTo("use_beam_search");
    }

    @Test
    void prompt_longerThanTheContext_is400() {
        ObjectNode body = Api.completion("tree ".repeat(20_000));
        Api.Answer a = acme.complete(body);
        assertThat(a.status()).isEqualTo(400);
        assertThat(a.errorCode()).isEqualTo("context_length_exceeded");
    }

    @Test
    void guest_thatTraps_is502WithTheCause() {
        for (boolean stream : new boolean[]{false, true}) {
            Api.Answer a = with(TestServer.TRAP).chat(Api.chat("hi").put("stream", stream));
            assertThat(a.status()).isEqualTo(502);
            assertThat(a.errorCode()).isEqualTo("guest_error");
            assertThat(a.errorMessage()).contains("unreachable");
        }
    }

    @Test
    void guest_thatLoopsForEver_is504AtItsDeadline() {
        long begun = System.nanoTime();
        Api.Answer a = with(TestServer.LOOP).chat(Api.chat("hi"));
        assertThat(a.status()).isEqualTo(504);
        assertThat(a.errorCode()).isEqualTo("deadline_exceeded");
        assertThat(System.nanoTime() - begun).isLessThan(20_000_000_000L);
    }

    @Test
    void guest_thatReturnsNothing_isAnErrorAndNeverAMadeUpText() {
        Api.Answer a = with(TestServer.SILENT).chat(Api.chat("hi"));
        assertThat(a.status()).isEqualTo(502);
        assertThat(a.errorMessage()).isNotBlank();
    }

    @Test
    void rate_thatIsReached_is429WithRetryAfter() {
        Api tight = with(TestServer.TIGHT);
        Api.Answer a = tight.complete(Api.completion("a").put("max_tokens", 1));
        if (a.status() == 200) {
            a = tight.complete(Api.completion("a").put("max_tokens", 1));
        }
        assertThat(a.status()).isEqualTo(429);
        assertThat(Integer.parseInt(a.header("Retry-After"))).isBetween(1, 60);
        assertThat(a.header("x-ratelimit-limit-requests")).isEqualTo("1");
    }

    @Test
    void requestId_isSentBackOnEveryAnswer() {
        HttpRequest bad = acme.request("/v1/chat/completions").header("x-request-id", "my-id.1")
                .POST(HttpRequest.BodyPublishers.ofString("{")).build();
        assertThat(acme.send(bad).header("x-request-id")).isEqualTo("my-id.1");
        assertThat(acme.get("/nowhere").header("x-request-id")).isNotEmpty();
        assertThat(acme.get("/nowhere").errorCode()).isEqualTo("not_found");
        assertThat(acme.get("/v1/completions").errorCode()).isEqualTo("method_not_allowed");
    }
}
