package ai.realm.server.http;

import static ai.realm.server.http.HttpFixture.error;
import static ai.realm.server.http.HttpFixture.events;
import static ai.realm.server.http.HttpFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.realm.core.sampling.SamplingParams;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What users of llama.cpp's server and of vLLM find beside OpenAI's API. Every byte is a token. */
class NativeApiTest {
    private final HttpFixture f = new HttpFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private JsonNode post(String path, String body) {
        HttpResponse<String> response = f.post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return json(response.body());
    }

    private void refused(String path, String body, String param) {
        HttpResponse<String> response = f.post(path, body);
        assertThat(response.statusCode()).as(body).isEqualTo(400);
        assertThat(error(response).path("param").asText()).as(body).isEqualTo(param);
    }

    @Test
    void completion_defaultsAndNames_areLlamaCpps() {
        JsonNode answer = post("/completion",
                "{\"prompt\":\"hi\",\"n_predict\":5,\"repeat_penalty\":1.1,\"seed\":-1,\"top_p\":0}");
        assertThat(answer.path("content").asText()).isEqualTo("you said: hi");
        assertThat(answer.path("stop").asBoolean()).isTrue();
        assertThat(answer.path("stop_type").asText()).isEqualTo("eos");
        assertThat(answer.path("tokens_predicted").asInt()).isEqualTo(2);
        assertThat(answer.at("/timings/predicted_n").asInt()).isEqualTo(2);
        SamplingParams p = f.guestHost.calls.getLast().params();
        assertThat(p.temperature()).isEqualTo(0.8f);
        assertThat(p.topK()).isEqualTo(40);
        assertThat(p.topP()).as("0 is off").isEqualTo(1);
        assertThat(p.repetitionPenalty()).isEqualTo(1.1f);
        assertThat(p.seed()).isNull();
        assertThat(p.maxTokens()).isEqualTo(5);
    }

    @Test
    void completion_severalPromptsAndStreamed_areAnArrayAndEvents() {
        assertThat(post("/completion", "{\"prompt\":[\"a\",[98,99]]}")).hasSize(2).last()
                .matches(a -> a.path("content").asText().equals("you said: bc") && a.path("index").asInt() == 1);
        var all = events(f.post("/completion", "{\"prompt\":\"hi\",\"stream\":true}").body());
        assertThat(all).hasSize(3);
        assertThat(json(all.getFirst()).path("stop").asBoolean()).isFalse();
        assertThat(json(all.getLast()).path("stop").asBoolean()).isTrue();
        refused("/completion", "{\"prompt\":[\"a\",\"b\"],\"stream\":true}", "stream");
        refused("/completion", "{\"prompt\":\"a\",\"n_probs\":21}", "n_probs");
        refused("/completion", "{}", "prompt");
    }

    @Test
    void completion_responseFields_areAllThatTheAnswerHas() {
        assertThat(post("/completion",
                "{\"prompt\":\"hi\",\"n_predict\":7,\"response_fields\":[\"content\",\"generation_settings/n_predict\",\"no/such\"]}"))
                .hasToString("{\"content\":\"you said: hi\",\"generation_settings/n_predict\":7}");
        refused("/completion", "{\"prompt\":\"a\",\"response_fields\":\"content\"}", "response_fields");
        refused("/completion", "{\"prompt\":\"a\",\"response_fields\":[7]}", "response_fields[0]");
    }

    @Test
    void completion_biases_areToldInItsSettings() {
        assertThat(post("/completion", "{\"prompt\":\"a\"}").at("/generation_settings/logit_bias")).isEmpty();
        assertThat(post("/completion", "{\"prompt\":\"a\",\"logit_bias\":[[97,1.5],[98,false],[\"ddd\",2]]}")
                .at("/generation_settings/logit_bias"))
                .hasSize(3).anyMatch(b -> b.path("token").asInt() == 100 && b.path("bias").asDouble() == 2)
                .anyMatch(b -> b.path("token").asInt() == 97 && b.path("bias").asDouble() == 1.5)
                .anyMatch(b -> b.path("token").asInt() == 98 && b.path("bias").isNull());
    }

    @Test
    void prompt_ofIdsWithTextsBetween_isOne() {
        String said = "you said: ";
        assertThat(post("/completion", "{\"prompt\":[97,\"bc\",100]}").path("content").asText()).isEqualTo(said + "abcd");
        assertThat(post("/v1/completions", "{\"prompt\":[[97,\"b\"],\"x\",[\"y\",122]]}").path("choices"))
                .extracting(c -> c.path("text").asText()).containsExactly(said + "ab", said + "x", said + "yz");
        assertThat(post("/v1/embeddings", "{\"model\":\"encoder\",\"input\":[1,\"abc\",2]}").at("/data/0/embedding/0").asDouble())
                .isEqualTo(5);
        assertThat(post("/v1/embeddings", "{\"model\":\"encoder\",\"input\":[[1,\"abc\",2],\"a\",[7]]}").path("data")).hasSize(3);
        assertThat(post("/completion", "{\"prompt\":{\"prompt_string\":\"a\"}}").path("content").asText()).isEqualTo(said + "a");
        refused("/completion", "{\"prompt\":{\"prompt_string\":\"a\",\"multimodal_data\":[\"aa\"]}}", "prompt.multimodal_data");
        refused("/v1/completions", "{\"prompt\":[97,{}]}", "prompt[0]");
        refused("/v1/completions", "{\"prompt\":[97,\"a\",-1]}", "prompt[2]");
        refused("/v1/completions", "{\"prompt\":[97,\"a\",256]}", "prompt");
    }

    @Test
    void infill_modelWithoutItsTokens_isRefusedWithTheReason() {
        HttpResponse<String> response = f.post("/infill", "{\"input_prefix\":\"a\",\"input_suffix\":\"b\"}");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("message").asText()).contains("was not trained to fill a gap");
        refused("/infill", "{\"input_prefix\":\"a\",\"input_suffix\":\"b\",\"input_extra\":[{\"filename\":1,\"text\":\"x\"}]}",
                "input_extra[0].filename");
        refused("/infill", "{\"input_prefix\":\"a\",\"input_suffix\":\"b\",\"input_extra\":[{}]}", "input_extra[0].text");
    }

    @Test
    void tokenize_moreThanTheContextWithTexts_isRefused() {
        String longest = "\"content\":\"" + "a".repeat(128) + "\"";
        String longer = "\"content\":\"" + "a".repeat(129) + "\"";
        assertThat(post("/tokenize", "{" + longest + ",\"with_pieces\":true}").path("tokens")).hasSize(128);
        assertThat(post("/tokenize", "{" + longer + "}").path("tokens")).hasSize(129);
        refused("/tokenize", "{" + longer + ",\"with_pieces\":true}", "with_pieces");
        refused("/tokenize", "{" + longer + ",\"return_token_strs\":true}", "return_token_strs");
    }

    @Test
    void tokenize_bothShapes_andBack() {
        assertThat(post("/tokenize", "{\"content\":\"ab\"}").path("tokens")).hasToString("[97,98]");
        JsonNode vllm = post("/tokenize", "{\"model\":\"tiny\",\"prompt\":\"ab\",\"return_token_strs\":true}");
        assertThat(vllm.path("count").asInt()).isEqualTo(2);
        assertThat(vllm.path("max_model_len").asInt()).isEqualTo(128);
        assertThat(vllm.path("token_strs")).hasToString("[\"a\",\"b\"]");
        assertThat(post("/tokenize", "{\"content\":\"a\",\"with_pieces\":true}").path("tokens"))
                .hasToString("[{\"id\":97,\"piece\":\"a\"}]");
        assertThat(post("/tokenize", "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}").path("count").asInt())
                .isEqualTo(7);
        assertThat(post("/detokenize", "{\"tokens\":[104,105]}")).hasToString("{\"content\":\"hi\",\"prompt\":\"hi\"}");
        assertThat(post("/detokenize", "{\"tokens\":[]}").path("content").asText()).isEmpty();
        refused("/detokenize", "{\"tokens\":[999]}", "tokens");
        refused("/tokenize", "{}", "content");
    }

    @Test
    void applyTemplate_chat_givesThePromptAndRunsNothing() {
        assertThat(post("/apply-template", "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}").path("prompt").asText())
                .isEqualTo("<user>q");
        assertThat(f.guestHost.calls).isEmpty();
        assertThat(f.models.leases).hasValue(0);
    }

    @Test
    void rerankAndScore_withAnEncoder_areCosinesInOrder() {
        JsonNode answer = post("/v1/rerank",
                "{\"model\":\"encoder\",\"query\":\"q\",\"documents\":[\"aa\",{\"text\":\"aaaa\"},\"a\"],\"top_n\":2,\"return_documents\":true}");
        assertThat(answer.path("results")).hasSize(2);
        assertThat(answer.at("/results/0/index").asInt()).isEqualTo(1);
        assertThat(answer.at("/results/0/document/text").asText()).isEqualTo("aaaa");
        assertThat(answer.at("/usage/total_tokens").asInt()).isEqualTo(8);
        assertThat(post("/rerank", "{\"model\":\"encoder\",\"query\":\"q\",\"texts\":[\"a\",\"aa\"]}")).hasSize(2).first()
                .matches(a -> a.path("index").asInt() == 1 && a.path("score").isNumber());
        assertThat(post("/score", "{\"model\":\"encoder\",\"text_1\":\"a\",\"text_2\":[\"a\",\"aa\"]}").path("data")).hasSize(2);
        refused("/v1/rerank", "{\"model\":\"tiny\",\"query\":\"q\",\"documents\":[\"a\"]}", "model");
        refused("/v1/rerank", "{\"model\":\"encoder\",\"query\":\"q\",\"documents\":[]}", "documents");
        refused("/v1/score", "{\"model\":\"encoder\",\"text_1\":[\"a\",\"b\"],\"text_2\":[\"a\"]}", "text_2");
    }

    @Test
    void rerankAndScore_withAReranker_areItsProbabilitiesOrLogits() {
        JsonNode answer = post("/v1/reranking",
                "{\"model\":\"judge\",\"query\":\"query\",\"documents\":[\"a\",\"aaaaa\",\"aa\"]}");
        assertThat(answer.path("results")).extracting(r -> r.path("index").asInt()).containsExactly(1, 2, 0);
        assertThat(answer.at("/results/0/relevance_score").asDouble()).isCloseTo(1 / (1 + Math.exp(-3)), within(1e-9));
        assertThat(answer.at("/results/1/relevance_score").asDouble()).isEqualTo(0.5);
        assertThat(answer.at("/usage/total_tokens").asInt()).isEqualTo(7 + 11 + 8);
        assertThat(post("/rerank",
                "{\"model\":\"judge\",\"query\":\"query\",\"texts\":[\"a\",\"aaaaa\"],\"raw_scores\":true}")
                .findValuesAsText("score"))
                .containsExactly("3.0", "-1.0");
        JsonNode scores = post("/v1/score",
                "{\"model\":\"judge\",\"text_1\":[\"four\",\"query\"],\"text_2\":[\"four\",\"a\"],\"use_activation\":false}");
        assertThat(scores.path("data").findValuesAsText("score")).containsExactly("1.0", "-1.0");
    }

    @Test
    void reranker_askedForWhatItCannot_isRefusedByName() {
        refused("/v1/embeddings", "{\"model\":\"judge\",\"input\":\"a\"}", "model");
        refused("/v1/completions", "{\"model\":\"judge\",\"prompt\":\"a\"}", "model");
        refused("/v1/rerank", "{\"model\":\"judge\",\"query\":\"q\",\"documents\":[\"" + "a".repeat(130) + "\"]}", "documents");
    }

    @Test
    void tokenizerInfo_ofAModel_hasItsTokensByHuggingFacesNames() {
        JsonNode info = json(f.get("/tokenizer_info?model=gpt-4o").body());
        assertThat(info.path("model_max_length").asInt()).isEqualTo(128);
        assertThat(info.has("eos_token")).isTrue();
        assertThat(info.path("eos_token").isNull()).as("the fake has none").isTrue();
        assertThat(f.get("/tokenizer_info?model=no").statusCode()).isEqualTo(404);
    }

    @Test
    void props_slots_tellNothingOfOthers() {
        JsonNode props = json(f.get("/props").body());
        assertThat(props.path("model_alias").asText()).isEqualTo("tiny");
        assertThat(props.path("model_path").asText()).doesNotContain("/");
        assertThat(f.get("/slots").statusCode()).isEqualTo(403);
    }
}
