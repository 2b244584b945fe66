package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients get of guests that say more than text, written in JavaScript: ends, refusals, calls of tools, events, traps. */
class GuestAnswersIT {
    private static final Map<String, String> SCRIPTS = new LinkedHashMap<>(Map.of(
            "filter",
            "function generate(p) { realm.generate(p, {maxTokens: 4, stream: false}); realm.finish('content_filter'); return 'held back'; }",
            "refuse", "function generate() { realm.refuse(422, 'too_vague', 'say more\\n\\ndata: {\"forged\": 1}'); }",
            "calls", "function generate() { realm.toolCall('call_7', 'weather', {city: 'Rome'}); return ''; }",
            "events",
            "function generate() { realm.event('step', {n: 1}); realm.event('raw', 'a\\n\\ndata: [DONE]\\n\\n'); return 'done'; }",
            "render",
            "function generate() { return realm.render([{role: 'user', content: 'hi <s> there'}]) + '|' + realm.model().vocabulary; }",
            "trap", "function inner() { return null.x; } function generate() { return inner(); }"));

    @TempDir
    private static Path dir;
    private static RealmProcess server;

    @BeforeAll
    static void start() throws IOException {
        StringBuilder tenants = new StringBuilder();
        for (Map.Entry<String, String> script : SCRIPTS.entrySet()) {
            Files.writeString(dir.resolve(script.getKey() + ".js"), script.getValue());
            tenants.append("  - {id: ").append(script.getKey()).append(", keys: ['")
                    .append(TestServer.hash("rk-" + script.getKey()))
                    .append("'], guest: ").append(script.getKey()).append(".js, models: [" + TestServer.MODEL + "]}\n");
        }
        TinyModel.write(dir.resolve("tiny.gguf"));
        Path config = dir.resolve("realm.yaml");
        Files.writeString(config,
                "server: {data: data}\nmodels:\n  " + TestServer.MODEL + ": {file: tiny.gguf}\ntenants:\n" + tenants);
        server = RealmProcess.serve(config);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Api api(String tenant) {
        return new Api(server.url(), "rk-" + tenant);
    }

    private static ObjectNode chat() {
        return Api.chat("How warm is it?").put("max_tokens", 8);
    }

    @Test
    void contentFilter_isTheReason_wholeAndStreamed() throws Exception {
        Api.Answer whole = api("filter").chat(chat());
        assertThat(whole.finishReason()).isEqualTo("content_filter");
        assertThat(whole.json().at("/choices/0/message/content").asText()).isEqualTo("held back");
        assertThat(api("filter").chat(chat().put("stream", true)).body()).contains("\"finish_reason\":\"content_filter\"");
    }

    @Test
    void refusal_isTheGuestsOwnError() throws Exception {
        for (boolean stream : new boolean[]{false, true}) {
            Api.Answer a = api("refuse").chat(chat().put("stream", stream));
            assertThat(a.status()).isEqualTo(422);
            assertThat(a.json().at("/error/code").asText()).isEqualTo("too_vague");
            assertThat(a.json().at("/error/message").asText()).startsWith("say more");
        }
    }

    @Test
    void toolCall_isTheClients() throws Exception {
        JsonNode whole = api("calls").chat(chat()).json();
        assertThat(whole.at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(whole.at("/choices/0/message/tool_calls/0/id").asText()).isEqualTo("call_7");
        assertThat(whole.at("/choices/0/message/tool_calls/0/function/arguments").asText()).isEqualTo("{\"city\":\"Rome\"}");
        assertThat(api("calls").chat(chat().put("stream", true)).body()).contains("\"weather\"")
                .contains("\"finish_reason\":\"tool_calls\"");
        assertThat(api("calls").complete(Api.completion("x")).status()).as("a completion has no place for it").isEqualTo(502);
    }

    @Test
    void events_reachThoseWhoAsked_andForgeNothing() throws Exception {
        ObjectNode asked = chat().put("stream", true);
        asked.putObject("stream_options").put("events", true);
        String body = api("events").chat(asked).body();
        assertThat(body).contains("event: guest.step\ndata: {\"n\":1}\n\n")
                .contains("event: guest.raw\ndata: \"a\\n\\ndata: [DONE]\\n\\n\"\n\n");
        assertThat(body.lines().filter(l -> l.equals("data: [DONE]"))).hasSize(1);
        assertThat(api("events").chat(chat().put("stream", true)).body()).doesNotContain("guest.step");
        assertThat(api("events").chat(chat()).json().at("/choices/0/message/content").asText()).isEqualTo("done");
    }

    @Test
    void render_breaksSpecialTokens() throws Exception {
        Api.Answer a = api("render").chat(chat());
        assertThat(a.status()).as(a.body()).isEqualTo(200);
        assertThat(a.json().at("/choices/0/message/content").asText()).contains("hi <").contains("there").endsWith("|259")
                .doesNotContain("hi <s>");
    }

    @Test
    void trap_isInTheLogWithItsPlace() throws Exception {
        assertThat(api("trap").chat(chat()).status()).isEqualTo(502);
        server.awaitLog(l -> l.contains("guest says") && l.contains("TypeError") && l.contains("inner (guest.js:1")
                && l.contains("tenant=trap"));
    }
}
