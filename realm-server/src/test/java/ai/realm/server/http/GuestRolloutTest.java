package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Versions of a guest that are staged, tried and given shares of a tenant's requests; and what guests log, by the API. */
class GuestRolloutTest {
    private final HttpFixture server = new HttpFixture();

    @AfterEach
    void close() {
        server.close();
    }

    private JsonNode admin(String method, String path, String body, int status) {
        HttpResponse<String> r = server.send(server.request(path).setHeader("Authorization", "Bearer " + HttpFixture.ADMIN_KEY)
                .method(method, HttpRequest.BodyPublishers.ofString(body)).build());
        assertThat(r.statusCode()).as(r.body()).isEqualTo(status);
        return HttpFixture.json(r.body());
    }

    private JsonNode push(String query) {
        return admin("POST", "/admin/tenants/acme/guests" + query, "module", 201);
    }

    private HttpResponse<String> ask(String user, String version) {
        HttpRequest.Builder request = server.request("/v1/completions");
        if (version != null) {
            request.header("x-realm-guest", version);
        }
        return server.send(request
                .POST(HttpRequest.BodyPublishers
                        .ofString("{\"prompt\":\"hi\"" + (user == null ? "" : ",\"user\":\"" + user + "\"") + "}"))
                .build());
    }

    private static String answeredBy(HttpResponse<String> r) {
        assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
        return r.headers().firstValue("x-realm-guest").orElse("");
    }

    @Test
    void stagedVersion_getsOnlyRequestsThatAskForIt() {
        push("");
        JsonNode staged = push("?staged=true");
        assertThat(staged.path("version").asInt()).isEqualTo(2);
        assertThat(staged.path("active").asBoolean()).isFalse();
        assertThat(answeredBy(ask("ada", null))).isEmpty();
        assertThat(answeredBy(ask("ada", "2"))).isEqualTo("2");
        assertThat(answeredBy(ask("ada", "1"))).isEqualTo("1");
        assertThat(ask("ada", "3").statusCode()).isEqualTo(404);
        assertThat(HttpFixture.error(ask("ada", "3")).path("message").asText()).contains("has no guest version 3");
        push("?staged=false");
        assertThat(admin("GET", "/admin/tenants/acme/guests", "", 200).path("active").asInt()).isEqualTo(3);
    }

    @Test
    void version_ofAResponseInTheBackground_isTheOneAskedFor() {
        push("");
        push("?staged=true");
        assertThat(answeredBy(askInTheBackground("2"))).isEqualTo("2");
        assertThat(askInTheBackground("x").statusCode()).isEqualTo(400);
        assertThat(askInTheBackground("3").statusCode()).isEqualTo(404);
    }

    private HttpResponse<String> askInTheBackground(String version) {
        return server.send(server.request("/v1/responses").header("x-realm-guest", version)
                .POST(HttpRequest.BodyPublishers.ofString("{\"input\":\"hi\",\"background\":true}")).build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "x", "-1", "1.5", "99999999999", "1,2"})
    void versionThatIsNoNumber_is400(String version) {
        assertThat(ask("ada", version).statusCode()).isEqualTo(400);
    }

    @Test
    void traffic_isSharedByUser_theSameEachTime_andOnlyGrows() {
        push("");
        push("?staged=true");
        admin("PUT", "/admin/tenants/acme/guests/traffic", "{\"1\":80,\"2\":20}", 200);
        Map<String, String> first = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            first.put("user-" + i, answeredBy(ask("user-" + i, null)));
        }
        assertThat(first.values()).containsOnly("1", "2");
        assertThat(first.values().stream().filter("2"::equals).count()).as("a fifth of 300").isBetween(35L, 90L);
        for (String user : Set.of("user-1", "user-2", "user-3")) {
            assertThat(answeredBy(ask(user, null))).isEqualTo(first.get(user));
        }
        admin("PUT", "/admin/tenants/acme/guests/traffic", "{\"1\":60,\"2\":40}", 200);
        first.forEach((user, before) -> {
            if (before.equals("2")) {
                assertThat(answeredBy(ask(user, null))).as(user + " stays").isEqualTo("2");
            }
        });
        assertThat(answeredBy(ask("user-1", "1"))).as("asked for").isEqualTo("1");
        admin("PUT", "/admin/tenants/acme/guests/traffic", "{}", 200);
        assertThat(answeredBy(ask("user-1", null))).isEmpty();
    }

    @Test
    void traffic_withoutUsers_isSharedByRequest() {
        push("");
        push("?staged=true");
        admin("PUT", "/admin/tenants/acme/guests/traffic", "{\"1\":50,\"2\":50}", 200);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            seen.add(answeredBy(ask(null, null)));
        }
        assertThat(seen).containsExactlyInAnyOrder("1", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"1\":50}", "{\"1\":101}", "{\"1\":0}", "{\"x\":100}", "{\"1\":\"100\"}", "{\"1\":50.5,\"2\":49.5}",
            "[]"})
    void traffic_thatIsNotAHundred_is400AndChangesNothing(String body) {
        push("");
        admin("PUT", "/admin/tenants/acme/guests/traffic", body, 400);
        assertThat(answeredBy(ask("ada", null))).isEmpty();
    }

    @Test
    void traffic_toAVersionThatIsNotThere_is404() {
        push("");
        admin("PUT", "/admin/tenants/acme/guests/traffic", "{\"1\":50,\"7\":50}", 404);
        admin("PUT", "/admin/tenants/nobody/guests/traffic", "{}", 404);
        admin("POST", "/admin/tenants/acme/guests?staged=maybe", "module", 400);
    }

    @Test
    void logs_areReadByTheirTenant_andTheAdmin_newestFirst() {
        server.services.stores().guestLogs().line("acme", "req-1", "0123456789abcdef", 1, "first");
        server.services.stores().guestLogs().line("limited", "req-2", "0123", 1, "another's");
        server.services.stores().guestLogs().line("acme", "req-3", "0123456789abcdef", 3, "second");
        JsonNode logs = HttpFixture.json(server.get("/v1/guest/logs").body());
        assertThat(logs.path("data")).hasSize(2);
        JsonNode newest = logs.path("data").path(0);
        assertThat(newest.path("message").asText()).isEqualTo("second");
        assertThat(newest.path("level").asText()).isEqualTo("debug");
        assertThat(newest.path("request_id").asText()).isEqualTo("req-3");
        assertThat(newest.path("version").asText()).isEqualTo("0123456789ab");
        assertThat(HttpFixture.json(server.get("/v1/guest/logs?after=" + logs.path("data").path(1).path("id").asLong()).body())
                .path("data")).hasSize(1);
        assertThat(HttpFixture.json(server.get("/v1/guest/logs?limit=1").body()).path("data")).hasSize(1);
        assertThat(server.get("/v1/guest/logs?limit=1001").statusCode()).isEqualTo(400);
        assertThat(server.get("/v1/guest/logs?after=x").statusCode()).isEqualTo(400);
        assertThat(admin("GET", "/admin/tenants/limited/guests/logs", "", 200).path("data")).hasSize(1);
        admin("GET", "/admin/tenants/nobody/guests/logs", "", 404);
        assertThat(server.send(server.request("/v1/guest/logs").setHeader("Authorization", "Bearer wrong").GET().build())
                .statusCode())
                .isEqualTo(401);
    }

    @Test
    void schedule_isATenantsSetting_andARunIsAnAccountedRequest() {
        server.guestHost.behaviour = (call, output) -> new GuestResult(FinishReason.STOP, new Usage(3, 0, 4), 1);
        assertThat(admin("PATCH", "/admin/tenants/acme", "{\"guest_schedule\":{\"report\":\"*/5 * * * *\"}}", 200)
                .path("guest_schedule")
                .path("report").asText()).isEqualTo("*/5 * * * *");
        assertThat(admin("PATCH", "/admin/tenants/acme", "{\"guest_schedule\":{\"report\":\"whenever\"}}", 400).toString())
                .contains("guest_schedule.report");
        admin("PATCH", "/admin/tenants/acme", "{\"guest_schedule\":{\"report\":null}}", 200);
    }
}
