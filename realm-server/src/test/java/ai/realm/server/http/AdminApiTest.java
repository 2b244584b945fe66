package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminApiTest {
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static HttpResponse<String> call(String key, String method, String path, String body) {
        return server.send(HttpRequest
                .newBuilder(server.request(path).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                .header("Authorization", "Bearer " + key).method(method, HttpRequest.BodyPublishers.ofString(body)).build());
    }

    private static JsonNode admin(String method, String path, String body, int status) {
        HttpResponse<String> r = call(HttpFixture.ADMIN_KEY, method, path, body);
        assertThat(r.statusCode()).as(r.body()).isEqualTo(status);
        return HttpFixture.json(r.body());
    }

    private static int ask(String key) {
        return call(key, "POST", "/v1/completions", "{\"prompt\":\"x\"}").statusCode();
    }

    @Test
    void adminApi_withoutItsKey_isRefused() {
        assertThat(call("nope", "GET", "/admin/tenants", "").statusCode()).isEqualTo(401);
        assertThat(call(HttpFixture.KEY, "GET", "/admin/tenants", "").statusCode()).isEqualTo(401);
    }

    @Test
    void tenant_throughItsLife_isServedOrRefusedAtOnce() {
        JsonNode made = admin("POST", "/admin/tenants", "{\"id\":\"new\",\"limits\":{\"max_tokens\":50}}", 201);
        String key = made.path("key").asText();
        assertThat(ask(key)).isEqualTo(200);
        assertThat(made.path("keys").toString()).doesNotContain(key);
        assertThat(admin("PATCH", "/admin/tenants/new", "{\"suspended\":true}", 200).path("suspended").asBoolean()).isTrue();
        assertThat(ask(key)).isEqualTo(403);
        JsonNode back = admin("PATCH", "/admin/tenants/new", "{\"suspended\":false,\"weight\":3}", 200);
        assertThat(back.at("/limits/max_tokens").intValue()).isEqualTo(50);
        assertThat(ask(key)).isEqualTo(200);
        admin("DELETE", "/admin/tenants/new", "", 200);
        assertThat(ask(key)).isEqualTo(401);
        admin("GET", "/admin/tenants/new", "", 404);
    }

    @Test
    void keys_whenRotated_overlapUntilTheOldIsRemoved() {
        JsonNode made = admin("POST", "/admin/tenants", "{\"id\":\"rotating\"}", 201);
        String old = made.path("key").asText();
        String fresh = admin("POST", "/admin/tenants/rotating/keys", "", 201).path("key").asText();
        assertThat(ask(old)).isEqualTo(200);
        assertThat(ask(fresh)).isEqualTo(200);
        admin("DELETE", "/admin/tenants/rotating/keys/" + made.at("/keys/0").asText(), "", 200);
        assertThat(ask(old)).isEqualTo(401);
        assertThat(ask(fresh)).isEqualTo(200);
    }

    @Test
    void tenant_withAMistake_isRefusedNamingIt() {
        assertThat(admin("POST", "/admin/tenants", "{\"id\":\"bad\",\"weight\":0}", 400).at("/error/message").asText())
                .contains("weight");
        assertThat(admin("POST", "/admin/tenants", "{\"id\":\"acme\"}", 400).at("/error/param").asText()).isEqualTo("id");
        assertThat(admin("POST", "/admin/tenants", "{\"id\":\"x\",\"colour\":1}", 400).at("/error/message").asText())
                .contains("colour");
    }

    @Test
    void change_boundToAVersion_isMadeToThatVersionOnly() {
        JsonNode made = admin("POST", "/admin/tenants", "{\"id\":\"bound\"}", 201);
        assertThat(made.path("version").intValue()).isEqualTo(1);
        assertThat(admin("PATCH", "/admin/tenants/bound", "{\"version\":1,\"weight\":2}", 200).path("version").intValue())
                .isEqualTo(2);
        JsonNode refused = admin("PATCH", "/admin/tenants/bound", "{\"version\":1,\"weight\":3}", 409);
        assertThat(refused.at("/error/code").asText()).isEqualTo("conflict");
        assertThat(refused.at("/current/version").intValue()).isEqualTo(2);
        assertThat(refused.at("/current/keys/0").asText()).as("no whole hash").hasSize(15);
        admin("PATCH", "/admin/tenants/bound", "{\"version\":\"x\"}", 400);
        HttpResponse<String> shown = call(HttpFixture.ADMIN_KEY, "GET", "/admin/tenants/bound", "");
        assertThat(shown.headers().firstValue("ETag")).contains("\"2\"");
        for (String tag : new String[]{"\"1\"", "W/\"1\"", "1"}) {
            assertThat(ifMatch(tag)).as(tag).isEqualTo(409);
        }
        assertThat(ifMatch("\"x\"")).isEqualTo(400);
        assertThat(ifMatch("*")).isEqualTo(201);
        assertThat(ifMatch("\"3\"")).isEqualTo(201);
    }

    private static int ifMatch(String tag) {
        return server.send(HttpRequest
                .newBuilder(server.request("/admin/tenants/bound/keys").build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                .header("Authorization", "Bearer " + HttpFixture.ADMIN_KEY).header("If-Match", tag)
                .POST(HttpRequest.BodyPublishers.noBody()).build()).statusCode();
    }

    @Test
    void filesThatAreNone_areRefusedAtOnceAndNotQuoted(@TempDir Path dir) throws Exception {
        admin("POST", "/admin/tenants", "{\"id\":\"filed\"}", 201);
        Path pipe = dir.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        Path secret = Files.writeString(dir.resolve("shadow"), "root:$6$verysecret");
        for (String file : new String[]{pipe.toString(), "/dev/zero", dir.toString(), secret.toString(), dir + "/none"}) {
            for (String[] asked : new String[][]{{"PATCH", "/admin/tenants/filed", "{\"guest\":\"%s\"}"},
                    {"POST", "/admin/tenants", "{\"id\":\"filed2\",\"guest\":\"%s\"}"}}) {
                JsonNode refused = admin(asked[0], asked[1], asked[2].formatted(file), 400);
                assertThat(refused.at("/error/param").asText()).as(refused.toString()).isEqualTo("guest");
                assertThat(refused.toString()).doesNotContain("root:").doesNotContain("verysecret").doesNotContain("72 6f 6f");
            }
        }
        admin("POST", "/admin/models", "{\"name\":\"piped\",\"file\":\"" + pipe + "\"}", 400);
        assertThat(admin("GET", "/admin/tenants/filed", "", 200).path("guest").asText()).isEqualTo("default");
    }

    @Test
    void characterZero_anywhere_isABadRequest() {
        admin("POST", "/admin/tenants", "{\"id\":\"zeroed\"}", 201);
        for (String patch : new String[]{"{\"name\":\"a\\u0000b\"}", "{\"guest\":\"a\\u0000b\"}"}) {
            admin("PATCH", "/admin/tenants/zeroed", patch, 400);
        }
        admin("POST", "/admin/models", "{\"name\":\"z\",\"file\":\"/a\\u0000b\"}", 400);
        admin("POST", "/admin/models", "{\"name\":\"a\\u0000b\",\"file\":\"/a\"}", 400);
        admin("GET", "/admin/usage?tenant=a%00b", "", 400);
    }

    @Test
    void secrets_ofAGuest_areReadByItAndShownToNobody() {
        JsonNode made = admin("POST", "/admin/tenants",
                "{\"id\":\"secretive\",\"guest_config\":{\"mood\":\"calm\"},\"guest_secrets\":{\"token\":\"hunter2\",\"pin\":\"4711\"}}",
                201);
        assertThat(ask(made.path("key").asText())).isEqualTo(200);
        assertThat(server.guestHost.calls.getLast().config()).containsEntry("token", "hunter2").containsEntry("mood", "calm");
        JsonNode changed = admin("PATCH", "/admin/tenants/secretive", "{\"guest_secrets\":{\"pin\":null,\"more\":\"swordfish\"}}",
                200);
        assertThat(changed.path("guest_secrets").toString()).isEqualTo("[\"more\",\"token\"]");
        String shown = made.toString() + changed + admin("GET", "/admin/tenants/secretive", "", 200)
                + admin("GET", "/admin/tenants", "", 200)
                + admin("PATCH", "/admin/tenants/secretive", "{\"version\":1,\"weight\":2}", 409);
        assertThat(shown).doesNotContain("hunter2").doesNotContain("4711").doesNotContain("swordfish").contains("calm");
        assertThat(admin("PATCH", "/admin/tenants/secretive", "{\"guest_config\":{\"token\":\"x\"}}", 400).toString())
                .contains("guest_secrets");
        admin("PATCH", "/admin/tenants/secretive", "{\"guest_config\":{\"mood\":null}}", 200);
    }

    @Test
    void guests_pushedAndRolledBack_areVersions() {
        admin("POST", "/admin/tenants", "{\"id\":\"guesty\"}", 201);
        assertThat(admin("POST", "/admin/tenants/guesty/guests", "one", 201).path("version").intValue()).isEqualTo(1);
        admin("POST", "/admin/tenants/guesty/guests", "two", 201);
        JsonNode list = admin("POST", "/admin/tenants/guesty/guests/rollback", "", 200);
        assertThat(list.path("active").intValue()).isEqualTo(1);
        assertThat(list.at("/data/0/active").asBoolean()).isTrue();
        assertThat(list.at("/data/1/active").asBoolean()).isFalse();
        admin("POST", "/admin/tenants/guesty/guests/rollback", "{\"version\":9}", 404);
        assertThat(admin("POST", "/admin/tenants/guesty/guests/rollback", "{\"version\":0}", 200).path("active").intValue())
                .isZero();
    }

    @Test
    void models_overHttp_areListedLoadedAndRefusedLikeTheService() {
        assertThat(admin("GET", "/admin/models", "", 200).at("/data/0/name").asText()).isEqualTo("tiny");
        assertThat(admin("GET", "/admin/models/tiny", "", 200).path("state").asText()).isEqualTo("ready");
        assertThat(admin("POST", "/admin/models/tiny/load", "{\"wait_seconds\":1}", 200).path("state").asText())
                .isEqualTo("ready");
        assertThat(admin("POST", "/admin/models/tiny/unload", "", 200).path("name").asText()).isEqualTo("tiny");
        assertThat(admin("POST", "/admin/models/tiny/unload", "{\"drain_seconds\":-1}", 400).at("/error/param").asText())
                .isEqualTo("drain_seconds");
        admin("POST", "/admin/models/other/load", "", 404);
        admin("POST", "/admin/models", "{\"name\":\"x\"}", 400);
        admin("DELETE", "/admin/models/tiny", "", 400);
        assertThat(call(HttpFixture.KEY, "GET", "/admin/models", "").statusCode()).isEqualTo(401);
    }

    @Test
    void usage_ofATenant_isItsOwnAndExact() {
        String key = admin("POST", "/admin/tenants", "{\"id\":\"counted\"}", 201).path("key").asText();
        assertThat(ask(key)).isEqualTo(200);
        assertThat(ask(key)).isEqualTo(200);
        assertThat(call(key, "POST", "/v1/completions", "{").statusCode()).isEqualTo(400);
        JsonNode usage = HttpFixture.json(call(key, "GET", "/v1/usage", "").body());
        assertThat(usage.at("/total/requests").intValue()).isEqualTo(3);
        assertThat(usage.at("/total/failed_requests").intValue()).isEqualTo(1);
        assertThat(usage.at("/total/prompt_tokens").intValue()).isEqualTo(2);
        assertThat(usage.at("/total/completion_tokens").intValue()).isEqualTo(4);
        assertThat(admin("GET", "/admin/usage?tenant=counted", "", 200).path("total")).isEqualTo(usage.path("total"));
        String metrics = server.get("/metrics").body();
        assertThat(metrics).contains("realm_requests_total{status=\"200\",tenant=\"counted\"} 2.0")
                .contains("realm_tokens_total{kind=\"generated\",tenant=\"counted\"} 4.0");
    }

    @Test
    void usage_ofDaysThatAreNone_is400AndNamesTheParameter() {
        for (String day : new String[]{"x", "2026-02-30", "%2B999999999-12-31", "-999999999-01-01"}) {
            assertThat(admin("GET", "/admin/usage?to=" + day, "", 400).at("/error/param").asText()).as(day).isEqualTo("to");
        }
        assertThat(admin("GET", "/admin/usage?from=2026-02-01&to=2026-01-31", "", 400).at("/error/param").asText())
                .isEqualTo("from");
        assertThat(admin("GET", "/admin/usage?from=0000-01-01&to=9999-12-31", "", 200).path("data").isArray()).isTrue();
    }
}
