package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.BadRequestException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Embeddings by OpenAI's own Java client, against what llama.cpp makes of the same files and texts. */
class EmbeddingsIT {
    /** llama.cpp rounds the activations before half-precision weights to half precision, and GELU's values too. */
    private static final double LIMIT = 1e-6;

    private static OpenAIClient client() {
        return OpenAIOkHttpClient.builder().baseUrl(TestServer.get().url() + "/v1").apiKey(TestServer.ACME).maxRetries(0).build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "nomic-bert"})
    void create_ofTexts_givesLlamaCppsVectors(String model) throws IOException {
        JsonNode reference = new ObjectMapper().readTree(TestServer.encoders().resolve("embeddings.json").toFile());
        List<String> texts = new ArrayList<>();
        reference.path("texts").forEach(t -> texts.add(t.textValue()));
        OpenAIClient client = client();
        CreateEmbeddingResponse answer = client.embeddings()
                .create(EmbeddingCreateParams.builder().model(model).inputOfArrayOfStrings(texts).build());
        assertThat(answer.data()).hasSize(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            assertThat(answer.data().get(i).index()).isEqualTo(i);
            assertThat(nmse(answer.data().get(i).embedding(), reference.path(model).path(i))).as(texts.get(i)).isLessThan(LIMIT);
        }
        assertThat(answer.usage().promptTokens()).isEqualTo(163);
        client.close();
    }

    private static double nmse(List<Float> vector, JsonNode expected) {
        assertThat(vector).hasSize(expected.size());
        double error = 0;
        double square = 0;
        for (int i = 0; i < vector.size(); i++) {
            double e = expected.get(i).doubleValue();
            error += (vector.get(i) - e) * (vector.get(i) - e);
            square += e * e;
        }
        return error / square;
    }

    @Test
    void create_asBase64_givesTheSameVector() {
        OpenAIClient client = client();
        EmbeddingCreateParams.Builder params = EmbeddingCreateParams.builder().model("bert").input("The cat sat on the mat.");
        List<Float> numbers = client.embeddings()
                .create(params.encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT).build())
                .data().getFirst().embedding();
        List<Float> decoded = client.embeddings()
                .create(params.encodingFormat(EmbeddingCreateParams.EncodingFormat.BASE64).build()).data().getFirst().embedding();
        assertThat(decoded).hasSameSizeAs(numbers);
        for (int i = 0; i < numbers.size(); i++) {
            assertThat(decoded.get(i)).isCloseTo(numbers.get(i), org.assertj.core.data.Offset.offset(1e-6f));
        }
        client.close();
    }

    @Test
    void create_ofATextBeyondTheTenantsContext_isRefused() {
        Api brief = new Api(TestServer.get().url(), TestServer.BRIEF);
        Api.Answer refused = brief.post("/v1/embeddings", "{\"model\":\"bert\",\"input\":[\"a\",\"" + "a ".repeat(20) + "\"]}");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.errorCode()).isEqualTo("context_length_exceeded");
        assertThat(refused.errorMessage()).contains("input 1", "the tenant may have " + TestServer.BRIEF_CONTEXT);
        assertThat(brief.post("/v1/embeddings", "{\"model\":\"bert\",\"input\":\"a a\"}").status()).isEqualTo(200);
    }

    @Test
    void models_forTheWrongRoute_areRefused() {
        OpenAIClient client = client();
        assertThatThrownBy(() -> client.embeddings()
                .create(EmbeddingCreateParams.builder().model(TestServer.MODEL).input("a").build()))
                .isInstanceOf(BadRequestException.class).hasMessageContaining("makes no embeddings");
        assertThatThrownBy(() -> client.chat().completions()
                .create(ChatCompletionCreateParams.builder().model("bert").addUserMessage("Hi").build()))
                .isInstanceOf(BadRequestException.class).hasMessageContaining("cannot generate text");
        client.close();
    }
}
