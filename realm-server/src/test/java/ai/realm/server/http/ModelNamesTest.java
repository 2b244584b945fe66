package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Other names of models, on every route that takes one, and vectors that may be cut. */
class ModelNamesTest {
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonNode post(String path, String body) {
        HttpResponse<String> answer = server.post(path, body);
        assertThat(answer.statusCode()).as(path + answer.body()).isEqualTo(200);
        return HttpFixture.json(answer.body());
    }

    @Test
    void alias_onEveryRoute_isTheModel() {
        assertThat(post("/v1/completions", "{\"model\":\"gpt-4o\",\"prompt\":\"a\"}").path("model").asText()).isEqualTo("tiny");
        assertThat(post("/v1/chat/completions",
                "{\"model\":\"org/tiny:1b\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}").path("model").asText())
                .isEqualTo("tiny");
        post("/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"a\",\"store\":false}");
        post("/v1/messages", "{\"model\":\"gpt-4o\",\"max_tokens\":3,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        post("/v1/messages/count_tokens", "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        post("/api/generate", "{\"model\":\"gpt-4o:latest\",\"prompt\":\"a\",\"stream\":false}");
        post("/api/show", "{\"model\":\"org/tiny:1b\"}");
        post("/tokenize", "{\"model\":\"gpt-4o\",\"content\":\"a\"}");
        post("/v1/embeddings", "{\"model\":\"text-embedding-3-small\",\"input\":\"a\"}");
        post("/v1/rerank", "{\"model\":\"text-embedding-3-small\",\"query\":\"a\",\"documents\":[\"b\"]}");
        assertThat(HttpFixture.json(server.get("/v1/models/gpt-4o").body()).path("id").asText()).isEqualTo("tiny");
        assertThat(HttpFixture.json(server.get("/v1/models").body()).at("/data/0/aliases"))
                .hasToString("[\"gpt-4o\",\"org/tiny:1b\"]");
        assertThat(server.post("/v1/completions", "{\"model\":\"gpt-4\",\"prompt\":\"a\"}").statusCode()).isEqualTo(404);
    }

    @Test
    void dimensions_thatTheOperatorAllows_cutVectorsToLengthOne() {
        JsonNode cut = post("/v1/embeddings", "{\"model\":\"encoder\",\"input\":\"aaaa\",\"dimensions\":2}")
                .at("/data/0/embedding");
        assertThat(cut).hasSize(2);
        double length = Math.hypot(cut.get(0).asDouble(), cut.get(1).asDouble());
        assertThat(length).isEqualTo(1, org.assertj.core.api.Assertions.within(1e-6));
        assertThat(cut.get(0).asDouble() / cut.get(1).asDouble()).isEqualTo(8, org.assertj.core.api.Assertions.within(1e-5));
        assertThat(post("/api/embed", "{\"model\":\"encoder\",\"input\":\"aaaa\",\"dimensions\":2}").at("/embeddings/0"))
                .hasSize(2);
        assertThat(post("/v1/embeddings", "{\"model\":\"encoder\",\"input\":\"a\",\"dimensions\":3}").at("/data/0/embedding"))
                .hasSize(3);
        // 7 is longer than the model's vectors, 1 was not allowed.
        for (String refused : new String[]{"7", "1"}) {
            HttpResponse<String> answer = server.post("/v1/embeddings",
                    "{\"model\":\"encoder\",\"input\":\"a\",\"dimensions\":" + refused + "}");
            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(HttpFixture.error(answer).path("param").asText()).isEqualTo("dimensions");
            assertThat(HttpFixture.error(answer).path("message").asText()).contains("3 or one of [2]");
        }
    }
}
