package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** LangChain4j against the server. */
class LangChain4jIT {
    private static final String QUESTION = "What is the capital of France?";

    private static OpenAiChatModel model(int maxTokens) {
        return OpenAiChatModel.builder().baseUrl(TestServer.get().url() + "/v1").apiKey(TestServer.ACME)
                .modelName(TestServer.MODEL).temperature(0.0).maxTokens(maxTokens).maxRetries(0).build();
    }

    @Test
    void chat_wholeAndStreamed_sayTheSame() throws Exception {
        String whole = model(20).chat(QUESTION);
        assertThat(whole).contains("Paris");
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder().baseUrl(TestServer.get().url() + "/v1")
                .apiKey(TestServer.ACME).modelName(TestServer.MODEL).temperature(0.0).maxTokens(20).build();
        StringBuilder text = new StringBuilder();
        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        streaming.chat(QUESTION, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                text.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        ChatResponse response = complete.get(60, TimeUnit.SECONDS);
        assertThat(text).hasToString(whole);
        assertThat(response.aiMessage().text()).isEqualTo(whole);
        assertThat(response.tokenUsage().outputTokenCount()).isPositive();
    }

    @Test
    void tool_thatMustBeCalled_isCalledAndItsResultIsTaken() throws Exception {
        ToolSpecification tool = ToolSpecification.builder().name("get_weather").description("The weather in a city now.")
                .parameters(JsonObjectSchema.builder().addEnumProperty("city", List.of("Paris", "Rome", "Oslo")).required("city")
                        .build())
                .build();
        List<ChatMessage> messages = new ArrayList<>(List.of(UserMessage.from("How warm is it in Oslo?")));
        ChatResponse first = model(100)
                .chat(ChatRequest.builder().messages(messages).toolSpecifications(tool).toolChoice(ToolChoice.REQUIRED).build());
        ToolExecutionRequest call = first.aiMessage().toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("get_weather");
        assertThat(Api.parse(call.arguments()).path("city").asText()).isIn("Paris", "Rome", "Oslo");
        messages.add(first.aiMessage());
        messages.add(ToolExecutionResultMessage.from(call, "12 degrees"));
        ChatResponse second = model(12).chat(ChatRequest.builder().messages(messages).build());
        assertThat(second.aiMessage().text()).isNotBlank();
    }
}
