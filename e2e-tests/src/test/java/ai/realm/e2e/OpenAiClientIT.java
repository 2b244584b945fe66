package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import org.junit.jupiter.api.Test;

/** OpenAI's own Java client against the server. */
class OpenAiClientIT {
    private static OpenAIClient client(String key) {
        return OpenAIOkHttpClient.builder().baseUrl(TestServer.get().url() + "/v1").apiKey(key).maxRetries(0).build();
    }

    private static ChatCompletionCreateParams question(String model) {
        return ChatCompletionCreateParams.builder().model(model).addUserMessage("What is the capital of France?")
                .maxCompletionTokens(20).temperature(0).build();
    }

    @Test
    void create_andCreateStreaming_sayTheSame() {
        OpenAIClient client = client(TestServer.ACME);
        ChatCompletion whole = client.chat().completions().create(question(TestServer.MODEL));
        String text = whole.choices().getFirst().message().content().orElseThrow();
        assertThat(text).contains("Paris");
        assertThat(whole.usage().orElseThrow().completionTokens()).isPositive();
        StringBuilder joined = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions()
                .createStreaming(question(TestServer.MODEL))) {
            stream.stream().flatMap(c -> c.choices().stream()).forEach(c -> c.delta().content().ifPresent(joined::append));
        }
        assertThat(joined).hasToString(text);
        client.close();
    }

    @Test
    void errors_areTheClientsOwnExceptions() {
        OpenAIClient wrong = client("rk-wrong");
        assertThatThrownBy(() -> wrong.chat().completions().create(question(TestServer.MODEL)))
                .isInstanceOf(UnauthorizedException.class);
        wrong.close();
        OpenAIClient client = client(TestServer.ACME);
        assertThatThrownBy(() -> client.chat().completions().create(question("gpt-9"))).isInstanceOf(NotFoundException.class);
        assertThat(client.models().list().data().getFirst().id()).isEqualTo(TestServer.MODEL);
        client.close();
    }
}
