package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.config.ApiSettings;
import ai.realm.server.config.GatewaySettings;
import ai.realm.server.domain.AddressRange;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.TraceParent;
import ai.realm.server.tracing.RequestTracer;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands between a server and the gateway before it. */
class GatewayTest {
    private static final String COMPLETION = "{\"model\":\"tiny\",\"prompt\":\"hello\",\"max_tokens\":4}";

    private static ApiSettings trusting(String... addresses) {
        return ApiSettings.defaults().withGateway(new GatewaySettings(
                List.of(addresses).stream().map(a -> AddressRange.parse("addresses", a)).toList(), false, "x-realm-tenant",
                Map.of("cheap", Priority.BATCH)));
    }

    private static HttpResponse<String> ask(HttpFixture server, String... headers) throws Exception {
        return server.client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port + "/v1/completions"))
                .headers(headers)
                .POST(BodyPublishers.ofString(COMPLETION)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void tenantHeader_fromATrustedAddress_namesTheTenantWithoutAKey() throws Exception {
        try (HttpFixture server = new HttpFixture(trusting("127.0.0.0/8"))) {
            assertThat(ask(server, "x-realm-tenant", "acme").statusCode()).isEqualTo(200);
            assertThat(ask(server, "x-realm-tenant", "nobody").statusCode()).isEqualTo(401);
            assertThat(ask(server, "x-realm-tenant", "gone").statusCode()).isEqualTo(403);
            assertThat(ask(server, "x-realm-tenant", " ").statusCode()).isEqualTo(401);
            // The gateway's word counts, whatever key its client sent along.
            assertThat(ask(server, "x-realm-tenant", "gone", "Authorization", "Bearer " + HttpFixture.KEY).statusCode())
                    .isEqualTo(403);
        }
    }

    @Test
    void tenantHeader_fromElsewhere_isNothing() throws Exception {
        for (ApiSettings settings : List.of(ApiSettings.defaults(), trusting("10.0.0.0/8"))) {
            try (HttpFixture server = new HttpFixture(settings)) {
                assertThat(ask(server, "x-realm-tenant", "acme").statusCode()).isEqualTo(401);
                assertThat(ask(server, "x-realm-tenant", "acme", "X-Forwarded-For", "10.0.0.1").statusCode()).isEqualTo(401);
                assertThat(ask(server, "x-realm-tenant", "gone", "Authorization", "Bearer " + HttpFixture.KEY).statusCode())
                        .isEqualTo(200);
            }
        }
    }

    @Test
    void traceparent_ofAnybody_hasNoSayInWhatIsTraced() throws Exception {
        String header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0";
        ApiSettings here = trusting("127.0.0.0/8");
        for (ApiSettings settings : List.of(ApiSettings.defaults(), trusting("10.0.0.0/8"), here)) {
            try (HttpFixture server = new HttpFixture(settings)) {
                // Before anybody knows who asks, and with a key.
                ask(server, "traceparent", header + "1");
                ask(server, "traceparent", header + "0", "Authorization", "Bearer " + HttpFixture.KEY);
                boolean trusts = settings == here;
                assertThat(server.parents).extracting(RequestTracer.Parent::traceId)
                        .containsOnly("4bf92f3577b34da6a3ce929d0e0e4736");
                assertThat(server.parents).extracting(RequestTracer.Parent::sampled)
                        .containsExactly(trusts ? Boolean.TRUE : null, trusts ? Boolean.FALSE : null);
            }
        }
    }

    @Test
    void traceparent_ofARequest_isTheExemplarOfItsTime() throws Exception {
        try (HttpFixture server = new HttpFixture(trusting("127.0.0.1"))) {
            String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
            assertThat(ask(server, "x-realm-tenant", "acme", "traceparent", "00-" + trace + "-00f067aa0ba902b7-01",
                    "x-gateway-inference-objective", "cheap").statusCode()).isEqualTo(200);
            HttpResponse<String> metrics = server.client.send(server.request("/metrics")
                    .header("Accept", "application/openmetrics-text; version=1.0.0").GET().build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(metrics.headers().firstValue("Content-Type")).hasValueSatisfying(
                    t -> assertThat(t).startsWith("application/openmetrics-text"));
            assertThat(metrics.body()).endsWith("# EOF\n").contains("# {trace_id=\"" + trace + "\"}");
            assertThat(server.get("/metrics").body()).doesNotContain("trace_id").doesNotContain("# EOF");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"})
    void traceparent_thatIsNotWellFormed_isNone(String header) {
        assertThat(TraceParent.parse(header)).isNull();
    }

    @Test
    void traceparent_ofAVersionToCome_isReadAsFarAsItIsKnown() {
        assertThat(TraceParent.parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-what"))
                .isEqualTo(new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", false));
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.0/8,10.255.1.2,true", "10.0.0.0/8,11.0.0.1,false", "192.168.1.128/25,192.168.1.127,false",
            "192.168.1.128/25,192.168.1.129,true", "127.0.0.1,127.0.0.1,true", "127.0.0.1,127.0.0.2,false",
            "fd00::/8,fd12::1,true",
            "::1,::1,true", "::1,127.0.0.1,false", "0.0.0.0/0,8.8.8.8,true"})
    void range_ofAddresses_holdsThoseThatBeginAlike(String range, String address, boolean inside) throws Exception {
        assertThat(AddressRange.parse("x", range).contains(InetAddress.getByName(address))).isEqualTo(inside);
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "::/129", "", "a.example",
            "1.2.3.4.5"})
    void range_thatIsNone_isRefusedWithWhatWasGiven(String range) {
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> AddressRange.parse("server.gateway.addresses", range))
                .hasMessageContaining("server.gateway.addresses").hasMessageEndingWith(range);
    }

    @Test
    void draining_whileItStillServes_isNotReadyAndEndsConnections() throws Exception {
        try (HttpFixture server = new HttpFixture()) {
            assertThat(Json.mapper().readTree(server.get("/load").body()).path("server_load").asInt(-1)).isZero();
            assertThat(server.get("/v1/models").headers().firstValue("Connection")).isEmpty();
            server.readiness.draining();
            assertThat(server.get("/health/ready").statusCode()).isEqualTo(503);
            HttpResponse<String> served = ask(server, "Authorization", "Bearer " + HttpFixture.KEY);
            assertThat(served.statusCode()).isEqualTo(200);
            assertThat(served.headers().firstValue("Connection")).hasValue("close");
        }
    }

    @Test
    void render_ofPromptsAndChats_givesTheTokensThatTheyWouldBeRunWith() throws Exception {
        try (HttpFixture server = new HttpFixture()) {
            JsonNode two = Json.mapper().readTree(server
                    .post("/v1/completions/render", "{\"model\":\"tiny\",\"prompt\":[\"hello\",\"you\"],\"n\":2}")
                    .body());
            assertThat(two.isArray()).isTrue();
            assertThat(two).hasSize(2);
            assertThat(two.get(0).path("token_ids").isArray()).isTrue();
            JsonNode chat = Json.mapper().readTree(server.post("/v1/chat/completions/render",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}").body());
            assertThat(chat.path("token_ids").isArray()).isTrue();
            assertThat(chat.path("model").asText()).isEqualTo("tiny");
        }
    }
}
