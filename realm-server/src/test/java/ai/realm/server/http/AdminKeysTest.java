package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.config.AccountSettings;
import ai.realm.server.config.RealmConfig.AdminSettings;
import ai.realm.server.domain.AdminKey;
import ai.realm.server.domain.AdminRole;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.PriceList;
import ai.realm.server.domain.SpendBudget;
import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may do what with the admin API, what is written down of it, and keys of tenants through their lives. */
class AdminKeysTest {
    private static final String ROOT = "rk-root";
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
        Instant past = Instant.parse("2020-01-01T00:00:00Z");
        Instant future = Instant.parse("2999-01-01T00:00:00Z");
        server.services.adminGate().apply(new AdminSettings(List.of(key("root", ROOT, AdminRole.ADMIN, null),
                key("olga", "rk-operator", AdminRole.OPERATOR, future), key("vera", "rk-viewer", AdminRole.VIEWER, null),
                key("left", "rk-left", AdminRole.ADMIN, past)), false, Duration.ofDays(1)));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static AdminKey key(String name, String key, AdminRole role, Instant expires) {
        return new AdminKey(name, ApiKeys.hash(key), role, expires);
    }

    private static HttpResponse<String> call(String key, String method, String path, String body) {
        return server.send(HttpRequest
                .newBuilder(server.request(path).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                .header("Authorization", "Bearer " + key).method(method, HttpRequest.BodyPublishers.ofString(body)).build());
    }

    private static JsonNode root(String method, String path, String body, int status) {
        HttpResponse<String> r = call(ROOT, method, path, body);
        assertThat(r.statusCode()).as(r.body()).isEqualTo(status);
        return HttpFixture.json(r.body());
    }

    private static int ask(String key) {
        return call(key, "POST", "/v1/completions", "{\"prompt\":\"x\"}").statusCode();
    }

    @ParameterizedTest
    @CsvSource({"rk-viewer,GET,/admin/tenants,200", "rk-viewer,GET,/admin/audit,200", "rk-viewer,GET,/admin/usage,200",
            "rk-viewer,PATCH,/admin/tenants/acme,403", "rk-viewer,POST,/admin/tenants,403",
            "rk-viewer,POST,/admin/models/tiny/load,403", "rk-viewer,POST,/admin/reload,403",
            "rk-operator,GET,/admin/tenants,200", "rk-operator,PATCH,/admin/tenants/acme,200",
            "rk-operator,POST,/admin/tenants,403", "rk-operator,DELETE,/admin/tenants/acme,403",
            "rk-operator,POST,/admin/tenants/acme/keys,403", "rk-operator,DELETE,/admin/tenants/acme/keys/x,403",
            "rk-operator,PATCH,/admin/tenants/acme/keys/x,403", "rk-operator,POST,/admin/reload,403",
            "rk-operator,POST,/admin/tenants/,403", "rk-root,POST,/admin/reload,400", "rk-left,GET,/admin/tenants,401",
            "nobody,GET,/admin/audit,401"})
    void role_ofAKey_isAsFarAsItGoes(String key, String method, String path, int status) {
        HttpResponse<String> answer = call(key, method, path, method.equals("GET") ? "" : "{}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    }

    @Test
    void headers_ofATenantsRules_areShownOnlyToWhoMayChangeThemAndNeverToTheTrail() {
        String rules = "{\"guest_http\":[{\"url\":\"https://api.example.com/\",\"headers\":{\"Authorization\":\"Bearer geheim\",\"Cookie\":\"geheim\"}}]}";
        assertThat(call("rk-operator", "PATCH", "/admin/tenants/acme", rules).body()).contains("Bearer geheim");
        assertThat(root("GET", "/admin/tenants/acme", "", 200).path("guest_http").path(0).path("headers").path("Cookie").asText())
                .isEqualTo("geheim");
        for (String path : List.of("/admin/tenants", "/admin/tenants/acme", "/admin/audit")) {
            HttpResponse<String> seen = call("rk-viewer", "GET", path, "");
            assertThat(seen.statusCode()).isEqualTo(200);
            assertThat(seen.body()).contains("Authorization").doesNotContain("geheim");
        }
        assertThat(root("GET", "/admin/audit", "", 200).toString()).doesNotContain("geheim");
    }

    @Test
    void changes_whoeverMakesThem_areInTheTrailWithoutSecrets() {
        root("POST", "/admin/tenants", "{\"id\":\"trailed\",\"guest_secrets\":{\"token\":\"hidden-value\"}}", 201);
        String made = root("POST", "/admin/tenants/trailed/keys", "{\"name\":\"ci\"}", 201).path("key").asText();
        call("rk-operator", "PATCH", "/admin/tenants/trailed", "{\"weight\":2}");
        call("rk-viewer", "PATCH", "/admin/tenants/trailed", "{\"weight\":3}");
        root("PATCH", "/admin/tenants/trailed", "{\"weight\":-1}", 400);
        root("GET", "/admin/tenants/trailed", "", 200);

        String all = call("rk-viewer", "GET", "/admin/audit?target=trailed", "").body();
        JsonNode data = HttpFixture.json(all).path("data");
        assertThat(data.valueStream().map(e -> e.path("key").asText() + " " + e.path("role").asText() + " "
                + e.path("action").asText() + " " + e.path("outcome").asInt())).containsExactly(
                        "root admin PATCH /admin/tenants/{id} 400", "vera viewer PATCH /admin/tenants/{id} 403",
                        "olga operator PATCH /admin/tenants/{id} 200", "root admin POST /admin/tenants/{id}/keys 201",
                        "root admin POST /admin/tenants 201");
        assertThat(data.get(2).at("/details/request/weight").asInt()).isEqualTo(2);
        assertThat(data.get(4).at("/details/request/guest_secrets/token").asText()).isEqualTo("…");
        assertThat(all).doesNotContain("hidden-value").doesNotContain(made).doesNotContain(ROOT);
        assertThat(data.get(0).path("request_id").asText()).startsWith("req-");
        assertThat(HttpFixture.json(call(ROOT, "GET", "/admin/audit?limit=1&tenant=trailed", "").body()).path("has_more")
                .asBoolean())
                .isTrue();
        JsonNode older = root("GET", "/admin/audit?limit=9&target=trailed&before=" + data.get(1).path("id").asLong(), "", 200);
        assertThat(older.path("data")).hasSize(3);
        assertThat(call(ROOT, "GET", "/admin/audit?limit=0", "").statusCode()).isEqualTo(400);
        assertThat(call(ROOT, "GET", "/admin/audit?before=x", "").statusCode()).isEqualTo(400);
    }

    @Test
    void key_rotatedWithAnOverlap_isGoodBesideTheOldOneAndThenAlone() {
        String old = root("POST", "/admin/tenants", "{\"id\":\"turning\"}", 201).path("key").asText();
        JsonNode rotated = root("POST", "/admin/tenants/turning/keys", "{\"name\":\"second\",\"overlap_seconds\":3600}", 201);
        String fresh = rotated.path("key").asText();
        assertThat(ask(old)).isEqualTo(200);
        assertThat(ask(fresh)).isEqualTo(200);
        JsonNode details = rotated.path("key_details");
        assertThat(details).hasSize(2);
        assertThat(details.get(0).path("expires_at").asText()).isNotEmpty();
        assertThat(details.get(1).path("name").asText()).isEqualTo("second");
        assertThat(details.get(1).path("expires_at").isNull()).isTrue();
        assertThat(Instant.parse(details.get(1).path("created_at").asText())).isBefore(Instant.now().plusSeconds(1));

        // With no overlap the others end at once.
        String last = root("POST", "/admin/tenants/turning/keys", "{\"overlap_seconds\":0}", 201).path("key").asText();
        assertThat(ask(old)).isEqualTo(401);
        assertThat(ask(fresh)).isEqualTo(401);
        assertThat(ask(last)).isEqualTo(200);
        // What has ended is taken out with the next key.
        assertThat(root("POST", "/admin/tenants/turning/keys", "", 201).path("keys")).hasSize(2);
    }

    @Test
    void key_withAnEnd_isRefusedFromThenOnAndCanBeGivenAnother() {
        root("POST", "/admin/tenants", "{\"id\":\"ending\"}", 201);
        JsonNode made = root("POST", "/admin/tenants/ending/keys", "{\"name\":\"short\",\"expires_at\":\"2020-01-01\"}", 201);
        String key = made.path("key").asText();
        String hash = made.path("keys").get(1).asText();
        assertThat(ask(key)).isEqualTo(401);
        assertThat(made.path("key_details").get(1).path("expired").asBoolean()).isTrue();
        root("PATCH", "/admin/tenants/ending/keys/" + hash, "{\"expires_at\":\"2999-01-01T00:00:00Z\",\"name\":\"long\"}", 200);
        assertThat(ask(key)).isEqualTo(200);
        root("PATCH", "/admin/tenants/ending/keys/" + hash, "{\"expires_at\":null}", 200);
        JsonNode now = root("GET", "/admin/tenants/ending", "", 200).path("key_details").get(1);
        assertThat(now.path("name").asText()).isEqualTo("long");
        assertThat(now.path("expires_at").isNull()).isTrue();
        root("DELETE", "/admin/tenants/ending/keys/" + hash, "", 200);
        assertThat(ask(key)).isEqualTo(401);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"expires_at\":\"soon\"}|expires_at", "{\"overlap_seconds\":-1}|overlap_seconds",
            "{\"name\":\"\"}|name", "{\"nmae\":\"x\"}|nmae", "{\"expires_at\":7}|expires_at"})
    void keyOrder_thatIsWrong_isA400ThatNamesTheField(String body, String field) {
        HttpResponse<String> answer = call(ROOT, "POST", "/admin/tenants/acme/keys", body);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains(field);
    }

    @Test
    void facts_ofKeys_cannotBeSetWithTheTenant() {
        assertThat(call(ROOT, "PATCH", "/admin/tenants/acme", "{\"key_facts\":{}}").statusCode()).isEqualTo(400);
        assertThat(call(ROOT, "POST", "/admin/tenants", "{\"id\":\"x\",\"key_facts\":{}}").statusCode()).isEqualTo(400);
        String shown = root("GET", "/admin/tenants/acme", "", 200).toString();
        assertThat(shown).doesNotContain("key_facts");
    }

    @Test
    void money_isInReportsOncePricesAreSet() {
        String key = root("POST", "/admin/tenants", "{\"id\":\"paying\"}", 201).path("key").asText();
        assertThat(ask(key)).isEqualTo(200);
        assertThat(root("GET", "/admin/usage?tenant=paying", "", 200).has("currency")).isFalse();
        PriceList prices = new PriceList("EUR", List.of(new PriceList.Price("tiny", null, LocalDate.EPOCH, new BigDecimal("1000"),
                new BigDecimal("1000"), new BigDecimal("2000"))));
        server.services.operations().spending().apply(new AccountSettings(0, 0, prices,
                List.of(new SpendBudget("paying", BigDecimal.TEN, List.of(100), true, null, null))));
        JsonNode usage = root("GET", "/admin/usage?tenant=paying", "", 200);
        long prompt = usage.at("/total/prompt_tokens").asLong();
        long completion = usage.at("/total/completion_tokens").asLong();
        assertThat(usage.path("currency").asText()).isEqualTo("EUR");
        assertThat(usage.at("/total/cost").decimalValue()).isEqualByComparingTo(
                BigDecimal.valueOf(prompt * 1000 + completion * 2000).movePointLeft(6));
        assertThat(usage.at("/data/0/cost").decimalValue()).isPositive();
        assertThat(root("GET", "/admin/budgets", "", 200).path("currency").asText()).isEqualTo("EUR");
    }
}
