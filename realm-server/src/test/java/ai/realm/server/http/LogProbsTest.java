package ai.realm.server.http;

import static ai.realm.server.http.HttpFixture.error;
import static ai.realm.server.http.HttpFixture.events;
import static ai.realm.server.http.HttpFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The model's every byte is a token; its answer is "hey", each with the log-probability -1 and "x" as the likeliest. */
class LogProbsTest {
    private final HttpFixture f = new HttpFixture();

    private static TokenLogProbs token(char c, float logProb) {
        return new TokenLogProbs(c, logProb, new int[]{'x', 'y', 'z'}, new float[]{-0.5f, -1.5f, Float.NEGATIVE_INFINITY});
    }

    LogProbsTest() {
        f.guestHost.behaviour = (call, output) -> {
            if (call.params().promptLogProbs() >= 0 && call.prompt().length() > 1) {
                List<TokenLogProbs> prompt = new ArrayList<>();
                call.prompt().chars().skip(1).forEach(c -> prompt.add(token((char) c, -2)));
                output.promptLogProbs(prompt);
            }
            if (call.params().maxTokens() > 0) {
                if (call.params().logProbs() >= 0) {
                    output.logProbs(List.of(token('h', -1), token('e', -1)));
                }
                output.piece("he");
                if (call.params().logProbs() >= 0) {
                    output.logProbs(List.of(token('y', -1)));
                }
                output.piece("y");
            }
            return new GuestResult(FinishReason.LENGTH, new Usage(3, 0, 3), 1);
        };
    }

    @AfterEach
    void close() {
        f.close();
    }

    @Test
    void completion_llamaCppsStream_hasTheTokensOfEachPiece() {
        var all = HttpFixture.events(f.post("/completion", "{\"prompt\":\"abc\",\"stream\":true}").body());
        assertThat(json(all.get(0)).path("tokens")).hasToString("[104,101]");
        assertThat(json(all.get(1)).path("tokens")).hasToString("[121]");
        assertThat(json(all.get(1)).path("tokens_predicted").asInt()).isEqualTo(3);
        assertThat(json(all.get(1)).path("tokens_evaluated").asInt()).isEqualTo(3);
        assertThat(json(all.get(1)).has("completion_probabilities")).isFalse();
        assertThat(json(all.get(2)).path("tokens")).isEmpty();
        assertThat(json(f.post("/completion", "{\"prompt\":\"abc\",\"return_tokens\":true}").body()).path("tokens"))
                .hasToString("[104,101,121]");
        assertThat(json(f.post("/completion", "{\"prompt\":\"abc\"}").body()).path("tokens")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"/completion|\"prompt\":\"abc\"", "/v1/completions|\"prompt\":\"abc\"",
            "/v1/chat/completions|\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]"})
    void timings_ofEachPiece_countItsTokens(String path, String prompt) {
        String body = "{" + prompt + ",\"stream\":true,\"timings_per_token\":";
        var counts = HttpFixture.events(f.post(path, body + "true}").body()).stream().filter(e -> e.startsWith("{"))
                .map(e -> json(e).at("/timings/predicted_n").asInt(-1)).filter(n -> n >= 0).toList();
        assertThat(counts).containsExactly(2, 3, 3);
        var last = HttpFixture.events(f.post(path, body + "false}").body()).stream().filter(e -> e.contains("\"timings\""))
                .toList();
        assertThat(last).hasSize(1);
        assertThat(json(f.post(path, "{" + prompt + ",\"timings_per_token\":true}").body()).at("/timings/predicted_n").asInt())
                .isEqualTo(3);
    }

    private JsonNode completion(String fields) {
        return json(f.post("/v1/completions", "{\"prompt\":\"abc\"" + fields + "}").body()).at("/choices/0");
    }

    @Test
    void completions_logprobs_listsSideBySideWithOffsets() {
        JsonNode logProbs = completion(",\"logprobs\":2").path("logprobs");
        assertThat(logProbs.path("tokens")).hasToString("[\"h\",\"e\",\"y\"]");
        assertThat(logProbs.path("token_logprobs")).hasToString("[-1.0,-1.0,-1.0]");
        assertThat(logProbs.path("text_offset")).hasToString("[0,1,2]");
        assertThat(logProbs.at("/top_logprobs/0")).as("the chosen one is added")
                .hasToString("{\"x\":-0.5,\"y\":-1.5,\"h\":-1.0}");
        assertThat(logProbs.at("/top_logprobs/2")).hasToString("{\"x\":-0.5,\"y\":-1.5}");
        assertThat(completion(",\"logprobs\":0").at("/logprobs/top_logprobs/0")).hasToString("{\"h\":-1.0}");
        assertThat(completion("").path("logprobs").isNull()).isTrue();
    }

    @Test
    void completions_echoWithLogprobs_beginWithThePrompts() {
        JsonNode choice = completion(",\"logprobs\":1,\"echo\":true");
        assertThat(choice.path("text").asText()).isEqualTo("abchey");
        assertThat(choice.at("/logprobs/tokens")).hasToString("[\"a\",\"b\",\"c\",\"h\",\"e\",\"y\"]");
        assertThat(choice.at("/logprobs/token_logprobs")).hasToString("[null,-2.0,-2.0,-1.0,-1.0,-1.0]");
        assertThat(choice.at("/logprobs/text_offset")).hasToString("[0,1,2,3,4,5]");
        JsonNode only = completion(",\"logprobs\":1,\"echo\":true,\"max_tokens\":0");
        assertThat(only.path("text").asText()).isEqualTo("abc");
        assertThat(only.at("/logprobs/tokens")).hasSize(3);
    }

    @Test
    void completions_logprobsStreamed_tokenizeThePromptOnce() {
        f.guestHost.behaviour = (call, output) -> {
            for (int i = 0; i < 50; i++) {
                output.logProbs(List.of(token('h', -1)));
                output.piece("h");
            }
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 50), 1);
        };
        for (String fields : List.of("", ",\"echo\":true")) {
            long before = f.models.encoded.get();
            var answer = f.post("/v1/completions",
                    "{\"prompt\":\"abcdefghij\",\"logprobs\":1,\"stream\":true" + fields + "}");
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(events(answer.body())).hasSizeGreaterThan(50);
            assertThat(f.models.encoded.get() - before).as(fields).isEqualTo(10);
        }
    }

    @Test
    void promptLogprobs_ofTooManyTokens_areRefusedWithTheRule() {
        // 128 × 4096 × (0 + 2) is the most.
        String prompt = "a".repeat(4096);
        String[][] cases = {{prompt + "a", "\"n\":128,\"prompt_logprobs\":0", "prompt_logprobs", "128 × 4097 × 2 = 1048832"},
                {prompt + "a", "\"n\":128,\"prompt_logprobs\":true", "prompt_logprobs", "1048832"},
                {prompt + "a", "\"n\":128,\"echo\":true,\"logprobs\":0", "logprobs", "1048832"},
                {prompt, "\"n\":100,\"prompt_logprobs\":0,\"echo\":true,\"logprobs\":1", "logprobs", "1228800"}};
        for (String[] c : cases) {
            var refused = f.post("/v1/completions", "{\"prompt\":\"" + c[0] + "\"," + c[1] + "}");
            assertThat(refused.statusCode()).as(c[1]).isEqualTo(400);
            assertThat(error(refused).path("param").asText()).as(c[1]).isEqualTo(c[2]);
            assertThat(error(refused).path("message").asText()).contains("1048576", c[3]);
        }
        f.guestHost.behaviour = (call, output) -> new GuestResult(FinishReason.STOP, new Usage(3, 0, 3), 1);
        for (String fields : List.of("\"n\":128,\"prompt_logprobs\":0", "\"n\":128,\"logprobs\":5", "\"n\":128,\"echo\":true",
                "\"prompt_logprobs\":20")) {
            var taken = f.post("/v1/completions", "{\"prompt\":\"" + prompt + "\",\"max_tokens\":1," + fields + "}");
            assertThat(taken.statusCode()).as(fields + taken.body()).isEqualTo(200);
        }
        String chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}],\"n\":128,\"prompt_logprobs\":0}";
        assertThat(error(f.post("/v1/chat/completions", chat)).path("param").asText()).isEqualTo("prompt_logprobs");
    }

    @Test
    void chat_promptLogprobsOfSeveralChoices_areThoseOfTheFirst() {
        f.guestHost.behaviour = (call, output) -> {
            if (call.choice() == 0) {
                output.promptLogProbs(List.of(token('b', -2)));
            }
            output.piece("h");
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 1), 1);
        };
        String chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"n\":2,\"prompt_logprobs\":1}";
        assertThat(json(f.post("/v1/chat/completions", chat).body()).path("prompt_logprobs")).hasSize(2);
    }

    @Test
    void completions_echoOfTokenIdsStreamed_isTheSameAsWhole() {
        String body = "{\"prompt\":[97,98,99],\"logprobs\":1,\"echo\":true,\"stream\":true}";
        StringBuilder text = new StringBuilder();
        List<String> tokens = new ArrayList<>();
        List<Integer> offsets = new ArrayList<>();
        for (String event : events(f.post("/v1/completions", body).body())) {
            if (!event.equals("[DONE]")) {
                JsonNode choice = json(event).at("/choices/0");
                text.append(choice.path("text").asText());
                choice.at("/logprobs/tokens").forEach(t -> tokens.add(t.asText()));
                choice.at("/logprobs/text_offset").forEach(t -> offsets.add(t.asInt()));
            }
        }
        assertThat(text).hasToString("abchey");
        assertThat(tokens).containsExactly("a", "b", "c", "h", "e", "y");
        assertThat(offsets).containsExactly(0, 1, 2, 3, 4, 5);
    }

    @Test
    void completions_guestChangedTheTextOrThePrompt_logprobsAreNull() {
        f.guestHost.behaviour = (call, output) -> {
            output.piece("something else");
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 3), 1);
        };
        assertThat(completion(",\"logprobs\":1").path("logprobs").isNull()).isTrue();
        f.guestHost.behaviour = (call, output) -> {
            output.logProbs(List.of(token('h', -1)));
            output.piece("h");
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 3), 1);
        };
        assertThat(completion(",\"logprobs\":1,\"echo\":true").path("logprobs").isNull()).as("of another prompt").isTrue();
    }

    @Test
    void promptLogprobs_asVllm_areByIdWithRank() {
        JsonNode of = completion(",\"prompt_logprobs\":2").path("prompt_logprobs");
        assertThat(of).hasSize(3);
        assertThat(of.get(0).isNull()).isTrue();
        assertThat(of.get(1).path("120").path("rank").asInt()).isEqualTo(1);
        assertThat(of.get(1).path("98").path("decoded_token").asText()).isEqualTo("b");
        assertThat(of.get(1).path("98").path("rank").isNull()).isTrue();
    }

    @Test
    void chat_logprobs_haveBytesAndAlternatives() {
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"logprobs\":true,\"top_logprobs\":3%s}";
        JsonNode content = json(f.post("/v1/chat/completions", body.formatted("")).body()).at("/choices/0/logprobs/content");
        assertThat(content).hasSize(3);
        assertThat(content.get(0).path("token").asText()).isEqualTo("h");
        assertThat(content.get(0).path("bytes")).hasToString("[104]");
        assertThat(content.get(0).path("top_logprobs")).hasSize(3);
        assertThat(content.at("/0/top_logprobs/2/logprob").asDouble()).as("what cannot come").isEqualTo(-9999);
        List<String> streamed = new ArrayList<>();
        for (String event : events(f.post("/v1/chat/completions", body.formatted(",\"stream\":true")).body())) {
            if (!event.equals("[DONE]")) {
                json(event).at("/choices/0/logprobs/content").forEach(t -> streamed.add(t.path("token").asText()));
            }
        }
        assertThat(streamed).containsExactly("h", "e", "y");
        JsonNode post = json(f.post("/v1/chat/completions", body.formatted(",\"post_sampling_probs\":true")).body())
                .at("/choices/0/logprobs/content/0");
        assertThat(post.path("prob").asDouble()).isCloseTo(Math.exp(-1), org.assertj.core.api.Assertions.within(1e-6));
        assertThat(post.path("top_probs")).hasSize(3);
        assertThat(f.guestHost.calls.getLast().params().postSampling()).isTrue();
    }

    @Test
    void bestOf_more_givesTheLikeliest() {
        f.guestHost.behaviour = (call, output) -> {
            long seed = java.util.Objects.requireNonNull(call.params().seed()) + call.choice();
            output.logProbs(List.of(token((char) ('0' + seed), seed == 6 ? -0.1f : -3)));
            output.piece("" + seed);
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 1), 1);
        };
        JsonNode answer = json(f.post("/v1/completions", "{\"prompt\":\"abc\",\"seed\":5,\"best_of\":3}").body());
        assertThat(answer.path("choices")).hasSize(1);
        assertThat(answer.at("/choices/0/text").asText()).isEqualTo("6");
        assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(3);
    }

    @Test
    void fields_outOfRange_areRefusedByName() {
        String chat = "\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]";
        String[][] cases = {{"/v1/completions", "\"prompt\":\"a\",\"logprobs\":21", "logprobs"},
                {"/v1/completions", "\"prompt\":\"a\",\"logprobs\":-1", "logprobs"},
                {"/v1/completions", "\"prompt\":\"a\",\"prompt_logprobs\":99", "prompt_logprobs"},
                {"/v1/completions", "\"prompt\":\"a\",\"n\":3,\"best_of\":2", "best_of"},
                {"/v1/completions", "\"prompt\":\"a\",\"best_of\":2,\"stream\":true", "best_of"},
                {"/v1/completions", "\"prompt\":\"a\",\"suffix\":\"b\"", "suffix"},
                {"/v1/chat/completions", chat + ",\"logprobs\":1", "logprobs"},
                {"/v1/chat/completions", chat + ",\"top_logprobs\":2", "top_logprobs"},
                {"/v1/chat/completions", chat + ",\"logprobs\":true,\"top_logprobs\":21", "top_logprobs"},
                {"/v1/chat/completions", chat + ",\"echo\":true", "echo"},
                {"/v1/chat/completions", chat + ",\"max_tokens\":0", "max_tokens"}};
        for (String[] c : cases) {
            var response = f.post(c[0], "{" + c[1] + "}");
            assertThat(response.statusCode()).as(c[1]).isEqualTo(400);
            assertThat(error(response).path("param").asText()).as(c[1]).isEqualTo(c[2]);
        }
    }

    private static final String RESPONSE = "{\"input\":\"q\",\"include\":[\"message.output_text.logprobs\"]%s}";

    @Test
    void responses_includedLogprobs_areInTheTextWholeAndStreamed() {
        JsonNode whole = json(f.post("/v1/responses", RESPONSE.formatted(",\"top_logprobs\":2")).body());
        assertThat(whole.path("top_logprobs").asInt()).isEqualTo(2);
        JsonNode tokens = whole.at("/output/0/content/0/logprobs");
        assertThat(tokens.findValuesAsText("token")).containsExactly("h", "x", "y", "e", "x", "y", "y", "x", "y");
        assertThat(tokens.at("/0/logprob").asDouble()).isEqualTo(-1);
        assertThat(tokens.at("/0/bytes")).hasToString("[104]");
        assertThat(tokens.at("/0/top_logprobs")).hasSize(2);
        List<JsonNode> streamed = new ArrayList<>();
        JsonNode done = null;
        String stream = f.post("/v1/responses", RESPONSE.formatted(",\"top_logprobs\":2,\"stream\":true")).body();
        for (String line : stream.lines().filter(l -> l.startsWith("data: ")).toList()) {
            JsonNode e = json(line.substring(6));
            if (e.path("type").asText().equals("response.output_text.delta")) {
                assertThat(e.path("logprobs")).as("of %s", e.path("delta")).hasSize(e.path("delta").asText().length());
                e.path("logprobs").forEach(streamed::add);
            }
            done = e.path("type").asText().equals("response.output_text.done") ? e : done;
        }
        assertThat(done).isNotNull();
        assertThat(streamed).containsExactlyElementsOf(tokens);
        assertThat(done.path("logprobs")).isEqualTo(tokens);
    }

    @Test
    void responses_withoutTopLogprobs_haveTheTokensAlone() {
        JsonNode tokens = json(f.post("/v1/responses", RESPONSE.formatted("")).body()).at("/output/0/content/0/logprobs");
        assertThat(tokens).hasSize(3);
        assertThat(tokens.at("/2/top_logprobs")).isEmpty();
        JsonNode none = json(f.post("/v1/responses", "{\"input\":\"q\",\"include\":[\"reasoning.encrypted_content\"]}").body());
        assertThat(none.at("/output/0/content/0/logprobs")).isEmpty();
        assertThat(error(f.post("/v1/responses", RESPONSE.formatted(",\"top_logprobs\":21"))).path("param").asText())
                .isEqualTo("top_logprobs");
        assertThat(error(f.post("/v1/responses", "{\"input\":\"q\",\"include\":\"x\"}")).path("param").asText())
                .isEqualTo("include");
    }

    /** A guest that says something of its own before what the model wrote. */
    @Test
    void responses_logprobsOfTextThatAGuestWrote_areMissing() {
        f.guestHost.behaviour = (call, output) -> {
            output.piece("I say: ");
            output.logProbs(List.of(token('<', -1), token('h', -1), token('e', -1), token('y', -1)));
            output.piece("hey");
            return new GuestResult(FinishReason.STOP, new Usage(3, 0, 3), 1);
        };
        JsonNode part = json(f.post("/v1/responses", RESPONSE.formatted("")).body()).at("/output/0/content/0");
        assertThat(part.path("text").asText()).isEqualTo("I say: hey");
        assertThat(part.path("logprobs").findValuesAsText("token")).containsExactly("h", "e", "y");
    }

    @Test
    void ollama_logprobs_areWithTheTextTheyBelongTo() {
        JsonNode whole = HttpFixture.json(f.post("/api/generate",
                "{\"prompt\":\"ab\",\"stream\":false,\"logprobs\":true,\"top_logprobs\":2}").body());
        assertThat(whole.path("logprobs")).hasSize(3);
        assertThat(whole.at("/logprobs/0")).hasToString("{\"token\":\"h\",\"logprob\":-1.0,\"bytes\":[104],\"top_logprobs\":["
                + "{\"token\":\"x\",\"logprob\":-0.5,\"bytes\":[120]},{\"token\":\"y\",\"logprob\":-1.5,\"bytes\":[121]}]}");
        String[] lines = f.post("/api/chat",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}],\"logprobs\":true}").body().split("\n");
        int told = 0;
        for (String line : lines) {
            JsonNode one = HttpFixture.json(line);
            assertThat(one.path("logprobs").findValues("top_logprobs")).isEmpty();
            told += one.path("logprobs").size();
        }
        assertThat(told).isEqualTo(3);
        assertThat(f.post("/api/chat", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"stream\":false}").body())
                .doesNotContain("logprobs");
        assertThat(f.post("/api/generate", "{\"prompt\":\"a\",\"logprobs\":true,\"top_logprobs\":21}").statusCode())
                .isEqualTo(400);
    }
}
