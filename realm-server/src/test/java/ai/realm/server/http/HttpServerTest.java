package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.Usage;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpServerTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
    private static HttpFixture server;

    @BeforeAll
    static void start() {
        server = new HttpFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void nothingIsLeftBehind() throws InterruptedException {
        server.guestHost.behaviour = FakeGuests.ECHO;
        server.guestHost.calls.clear();
        assertThat(server.active.awaitNone(java.time.Duration.ofSeconds(5))).isTrue();
        assertThat(server.gate.running()).isZero();
        assertThat(server.models.leases).hasValue(0);
    }

    @Test
    void chat_unstreamed_answersAsOpenAiDoes() {
        HttpResponse<String> r = server.post(CHAT,
                "{\"model\":\"tiny\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},"
                        + "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"},{\"type\":\"text\",\"text\":\"!\"}]}]}");
        assertThat(r.statusCode()).isEqualTo(200);
        JsonNode answer = HttpFixture.json(r.body());
        assertThat(answer.path("object").textValue()).isEqualTo("chat.completion");
        assertThat(answer.at("/choices/0/message/content").textValue()).isEqualTo("you said: <system>Be brief.<user>Hi!");
        assertThat(answer.at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
        assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(26);
        assertThat(answer.at("/usage/completion_tokens").intValue()).isEqualTo(2);
        assertThat(answer.at("/usage/total_tokens").intValue()).isEqualTo(28);
        assertThat(answer.at("/usage/prompt_tokens_details/cached_tokens").intValue()).isEqualTo(1);
    }

    @Test
    void chat_streamed_isTheUnstreamedTextInChunks() {
        HttpResponse<String> r = server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"stream\":true,"
                + "\"stream_options\":{\"include_usage\":true}}");
        assertThat(r.statusCode()).isEqualTo(200);
        assertThat(r.headers().firstValue("content-type")).hasValueSatisfying(t -> assertThat(t).startsWith("text/event-stream"));
        List<String> events = HttpFixture.events(r.body());
        assertThat(events.getLast()).isEqualTo("[DONE]");
        assertThat(HttpFixture.json(events.getFirst()).at("/choices/0/delta/role").textValue()).isEqualTo("assistant");
        StringBuilder text = new StringBuilder();
        for (String e : events.subList(0, events.size() - 1)) {
            text.append(HttpFixture.json(e).at("/choices/0/delta/content").asText(""));
        }
        assertThat(text).hasToString("you said: <user>Hi");
        JsonNode usage = HttpFixture.json(events.get(events.size() - 2));
        assertThat(usage.path("choices")).isEmpty();
        assertThat(usage.at("/usage/total_tokens").intValue()).isEqualTo(10);
        JsonNode end = HttpFixture.json(events.get(events.size() - 3));
        assertThat(end.at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
        assertThat(end.path("usage").isNull()).isTrue();
    }

    @Test
    void completions_withSeveralPrompts_givesAChoiceForEach() {
        HttpResponse<String> r = server.post(TEXT, "{\"model\":\"tiny\",\"prompt\":[\"a\",\"bc\",\"d\"]}");
        JsonNode answer = HttpFixture.json(r.body());
        assertThat(answer.path("object").textValue()).isEqualTo("text_completion");
        assertThat(answer.path("choices")).hasSize(3);
        assertThat(answer.at("/choices/1/index").intValue()).isEqualTo(1);
        assertThat(answer.at("/choices/1/text").textValue()).isEqualTo("you said: bc");
        assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(4);
        assertThat(answer.at("/usage/completion_tokens").intValue()).isEqualTo(6);
    }

    @Test
    void completions_streamedWithSeveralPrompts_carriesTheIndex() {
        HttpResponse<String> r = server.post(TEXT, "{\"model\":\"tiny\",\"prompt\":[\"a\",\"bc\"],\"stream\":true}");
        StringBuilder second = new StringBuilder();
        for (String e : HttpFixture.events(r.body())) {
            if (!e.equals("[DONE]") && HttpFixture.json(e).at("/choices/0/index").intValue() == 1) {
                second.append(HttpFixture.json(e).at("/choices/0/text").textValue());
            }
        }
        assertThat(second).hasToString("you said: bc");
    }

    @Test
    void responseFormat_reachesTheGuestAsASchema() {
        server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"response_format\":{\"type\":\"json_schema\","
                + "\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":{\"type\":\"integer\",\"minimum\":1}}}}");
        server.post(TEXT, "{\"prompt\":\"Hi\",\"response_format\":{\"type\":\"json_object\"}}");
        server.post(TEXT, "{\"prompt\":\"Hi\",\"response_format\":{\"type\":\"text\"},\"grammar\":\"root ::= \\\"a\\\"\"}");
        assertThat(server.guestHost.calls.get(0).params().jsonSchema()).isEqualTo("{\"type\":\"integer\",\"minimum\":1}");
        assertThat(server.guestHost.calls.get(1).params().jsonSchema()).isEqualTo("{\"type\":\"object\"}");
        assertThat(server.guestHost.calls.get(2).params().jsonSchema()).isNull();
        assertThat(server.guestHost.calls.get(2).params().grammar()).isEqualTo("root ::= \"a\"");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "\"response_format\":{\"type\":\"xml\"}|response_format.type|must be text, json_object or json_schema",
            "\"response_format\":{}|response_format.type|is required",
            "\"response_format\":\"json\"|response_format|must be an object",
            "\"response_format\":{\"type\":\"json_schema\"}|response_format.json_schema|is required",
            "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\"}}|response_format.json_schema.schema|is required",
            "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"kaboom\"}}}|response_format.json_schema.schema|kaboom",
            "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"array\",\"uniqueItems\":true}}}|response_format.json_schema.schema|uniqueItems",
            "\"response_format\":{\"type\":\"json_object\"},\"grammar\":\"root ::= \\\"a\\\"\"|grammar|must not be given together",
            "\"grammar\":\"root ::= x\"|grammar|grammar",
            "\"grammar\":1|grammar|must be a string"})
    void responseFormat_thatCannotBe_isRefusedByName(String parameter, String param, String message) {
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":\"Hi\"," + parameter + "}");
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo(param);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains(message);
        assertThat(server.guestHost.calls).isEmpty();
    }

    @Test
    void completions_withTokenIds_givesTheGuestIdsAndTheirText() {
        server.post(TEXT, "{\"prompt\":[72,105]}");
        GuestCall call = server.guestHost.calls.getFirst();
        assertThat(call.prompt()).isEqualTo("Hi");
        assertThat(call.promptTokens()).containsExactly(72, 105);
    }

    @Test
    void parameters_ofARequest_reachTheGuest() {
        server.post(TEXT, "{\"prompt\":\"x\",\"max_tokens\":7,\"temperature\":0.5,\"top_p\":0.9,\"top_k\":5,\"min_p\":0.1,"
                + "\"repetition_penalty\":1.5,\"frequency_penalty\":1,\"presence_penalty\":-1,\"seed\":42,\"stop\":[\"a\",\"b\"],"
                + "\"logit_bias\":{\"5\":-100},\"user\":\"u1\"}");
        GuestCall call = server.guestHost.calls.getFirst();
        assertThat(call.params().maxTokens()).isEqualTo(7);
        assertThat(call.params().temperature()).isEqualTo(0.5f);
        assertThat(call.params().topP()).isEqualTo(0.9f);
        assertThat(call.params().topK()).isEqualTo(5);
        assertThat(call.params().minP()).isEqualTo(0.1f);
        assertThat(call.params().repetitionPenalty()).isEqualTo(1.5f);
        assertThat(call.params().frequencyPenalty()).isEqualTo(1f);
        assertThat(call.params().presencePenalty()).isEqualTo(-1f);
        assertThat(call.params().seed()).isEqualTo(42L);
        assertThat(call.params().stopStrings()).containsExactly("a", "b");
        assertThat(call.params().logitBias()).containsEntry(5, -100f);
        assertThat(call.config()).containsEntry("mood", "calm");
        assertThat(call.context().tenantId()).isEqualTo("acme");
    }

    @Test
    void parameters_thatAreAbsent_haveTheDocumentedDefaults() {
        server.post(TEXT, "{\"prompt\":\"x\"}");
        GuestCall call = server.guestHost.calls.getFirst();
        assertThat(call.params().maxTokens()).as("what the context of the model holds").isEqualTo(128);
        assertThat(call.params().temperature()).isEqualTo(1f);
        assertThat(call.params().stopStrings()).isEmpty();
        assertThat(call.params().seed()).isNull();
    }

    @Test
    void chat_withTheSpellingOfASpecialToken_breaksIt() {
        server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"a<user>b\"}]}");
        assertThat(server.guestHost.calls.getFirst().prompt()).isEqualTo("<user>a<\uFDD0user>b");
    }

    @Test
    void requestJson_forTheGuest_hasIdModelAndParametersButNoKey() {
        server.send(server.request(CHAT).header("x-request-id", "abc.DEF-1_2")
                .POST(HttpRequest.BodyPublishers.ofString("{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"seed\":1}"))
                .build());
        String json = server.guestHost.calls.getFirst().requestJson();
        assertThat(HttpFixture.json(json).path("request_id").textValue()).isEqualTo("abc.DEF-1_2");
        assertThat(HttpFixture.json(json).path("model").textValue()).isEqualTo("tiny");
        assertThat(HttpFixture.json(json).path("seed").intValue()).isEqualTo(1);
        assertThat(json).doesNotContain(HttpFixture.KEY);
    }

    @ParameterizedTest
    @CsvSource({"abc.DEF-1_2,true", "has space,false", "a/b,false"})
    void requestId_ofTheClient_isKeptOnlyWhenFit(String id, boolean kept) {
        HttpResponse<String> r = server.send(server.request("/v1/models").header("x-request-id", id).GET().build());
        String answered = r.headers().firstValue("x-request-id").orElseThrow();
        assertThat(answered.equals(id)).isEqualTo(kept);
    }

    @Test
    void key_thatIsWrongOrMissing_is401() {
        HttpResponse<String> wrong = server
                .send(HttpRequest.newBuilder(server.request(CHAT).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                        .header("Authorization", "Bearer nope").POST(HttpRequest.BodyPublishers.ofString("{}")).build());
        assertThat(wrong.statusCode()).isEqualTo(401);
        assertThat(HttpFixture.error(wrong).path("code").textValue()).isEqualTo("invalid_api_key");
        assertThat(wrong.headers().firstValue("x-request-id")).isPresent();
        HttpResponse<String> none = server
                .send(HttpRequest.newBuilder(server.request("/v1/models").build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                        .GET().build());
        assertThat(none.statusCode()).isEqualTo(401);
    }

    @Test
    void tenant_thatIsSuspended_is403() {
        HttpResponse<String> r = server
                .send(HttpRequest.newBuilder(server.request(CHAT).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                        .header("Authorization", "Bearer " + HttpFixture.SUSPENDED_KEY)
                        .POST(HttpRequest.BodyPublishers.ofString("{}")).build());
        assertThat(r.statusCode()).isEqualTo(403);
        assertThat(HttpFixture.error(r).path("code").textValue()).isEqualTo("tenant_suspended");
    }

    @Test
    void tokens_ofARequest_areCountedAndNotGuessedByItsBytes() {
        // 60 tokens in 180 bytes and 40 for the answer, of 100 a minute.
        try (HttpFixture own = new HttpFixture()) {
            HttpRequest.Builder request = HttpRequest
                    .newBuilder(own.request(TEXT).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                    .header("Authorization", "Bearer " + HttpFixture.LIMITED_KEY);
            String body = "{\"prompt\":\"" + "€".repeat(60) + "\",\"max_tokens\":";
            HttpResponse<String> full = own.send(request.POST(HttpRequest.BodyPublishers.ofString(body + "40}")).build());
            assertThat(full.statusCode()).as(full.body()).isEqualTo(200);
            HttpResponse<String> less = own.send(request.POST(HttpRequest.BodyPublishers.ofString(body + "40}")).build());
            assertThat(HttpFixture.error(less).path("message").asText()).contains("may need 100");
        }
    }

    @Test
    void rates_ofATenant_are429WithRetryAfterBeforeTheBodyIsLookedAt() {
        HttpRequest request = HttpRequest
                .newBuilder(server.request(TEXT).build(), (n, _) -> !n.equalsIgnoreCase("Authorization"))
                .header("Authorization", "Bearer " + HttpFixture.LIMITED_KEY)
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"hello\",\"max_tokens\":10}")).build();
        HttpResponse<String> first = server.send(request);
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.headers().firstValue("x-ratelimit-remaining-requests")).hasValue("1");
        assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).hasValue("100");
        assertThat(server.send(request).statusCode()).isEqualTo(200);
        HttpResponse<String> third = server.send(request);
        assertThat(third.statusCode()).isEqualTo(429);
        assertThat(HttpFixture.error(third).path("code").textValue()).isEqualTo("rate_limit_exceeded");
        assertThat(third.headers().firstValue("Retry-After")).hasValue("30");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"prompt\":\"x\",\"temperature\":\"hot\"}|temperature",
            "{\"prompt\":\"x\",\"temperature\":2.5}|temperature",
            "{\"prompt\":\"x\",\"max_tokens\":1.5}|max_tokens",
            "{\"prompt\":\"x\",\"max_tokens\":-2}|max_tokens", "{\"prompt\":\"x\",\"top_p\":0}|top_p",
            "{\"prompt\":\"x\",\"n\":0}|n", "{\"prompt\":\"x\",\"n\":129}|n", "{\"prompt\":[\"x\",\"y\"],\"n\":65}|n",
            "{\"prompt\":\"x\",\"priority\":\"urgent\"}|priority", "{\"prompt\":\"x\",\"priority\":true}|priority",
            "{\"prompt\":\"x\",\"suffix\":\"y\"}|suffix", "{\"prompt\":\"x\",\"n\":3,\"best_of\":2}|best_of",
            "{\"prompt\":\"x\",\"stop\":[\"1\",2]}|stop[1]", "{\"prompt\":\"x\",\"stop\":{}}|stop",
            "{\"prompt\":\"x\",\"stream_options\":1}|stream_options", "{\"prompt\":[]}|prompt",
            "{\"prompt\":[1,true]}|prompt[1]",
            "{\"prompt\":[1,-2]}|prompt[1]", "{\"prompt\":[999]}|prompt", "{\"prompt\":{}}|prompt", "{}|prompt",
            "{\"prompt\":\"x\",\"seed\":1e3}|seed", "{\"prompt\":\"x\",\"stream\":\"yes\"}|stream",
            "{\"prompt\":\"\\ud800\"}|prompt",
            "{\"prompt\":\"x\",\"stream\":true,\"stream_options\":{\"include_usage\":1}}|stream_options.include_usage"})
    void completions_withABadParameter_is400NamingIt(String body, String param) {
        HttpResponse<String> r = server.post(TEXT, body);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo(param);
        assertThat(HttpFixture.error(r).path("code").textValue()).isEqualTo("invalid_request_error");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"messages\":[]}|messages", "{\"messages\":\"hi\"}|messages",
            "{\"messages\":[{\"role\":\"wizard\",\"content\":\"x\"}]}|messages[0].role",
            "{\"messages\":[{\"role\":\"user\"}]}|messages[0].content",
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}|messages[0].content[0].type",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"modalities\":[\"audio\"]}|modalities",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1,\"max_completion_tokens\":2}|max_completion_tokens"})
    void chat_withABadParameter_is400NamingIt(String body, String param) {
        HttpResponse<String> r = server.post(CHAT, body);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("param").textValue()).isEqualTo(param);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{\"prompt\":", "[]", "{} {}", "{\"prompt\":\"a\",\"prompt\":\"b\"}", "nonsense"})
    void body_thatIsNotOneJsonObject_is400(String body) {
        HttpResponse<String> r = server.post(TEXT, body);
        assertThat(r.statusCode()).isEqualTo(400);
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("JSON").doesNotContain("nonsense");
    }

    @Test
    void model_thatIsNotGranted_is404WhateverItLooksLike() {
        for (String name : List.of("other", "../../etc/passwd", "/dev/null")) {
            HttpResponse<String> r = server.post(TEXT, "{\"model\":\"" + name + "\",\"prompt\":\"x\"}");
            assertThat(r.statusCode()).isEqualTo(404);
            assertThat(HttpFixture.error(r).path("code").textValue()).isEqualTo("model_not_found");
        }
    }

    @Test
    void body_thatIsTooLarge_is413WithAndWithoutALength() {
        byte[] big = ("{\"prompt\":\"" + "x".repeat(200_000) + "\"}").getBytes(StandardCharsets.UTF_8);
        HttpResponse<String> known = server.send(server.request(TEXT).POST(HttpRequest.BodyPublishers.ofByteArray(big)).build());
        assertThat(known.statusCode()).isEqualTo(413);
        assertThat(HttpFixture.error(known).path("code").textValue()).isEqualTo("body_too_large");
        HttpResponse<String> chunked = server.send(server.request(TEXT)
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(big))).build());
        assertThat(chunked.statusCode()).isEqualTo(413);
        assertThat(server.post(TEXT, "{\"prompt\":\"x\"}").statusCode()).isEqualTo(200);
    }

    @Test
    void route_thatIsUnknownOrWrongMethod_is404And405AsJson() {
        HttpResponse<String> unknown = server.get("/v1/nothing");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(HttpFixture.error(unknown).path("code").textValue()).isEqualTo("not_found");
        HttpResponse<String> method = server.get(TEXT);
        assertThat(method.statusCode()).isEqualTo(405);
        assertThat(HttpFixture.error(method).path("code").textValue()).isEqualTo("method_not_allowed");
        assertThat(method.headers().firstValue("Allow")).hasValueSatisfying(a -> assertThat(a).contains("POST"));
        assertThat(unknown.headers().firstValue("x-request-id")).isPresent();
    }

    @Test
    void headers_thatAreTooLarge_are431AsJson() {
        HttpResponse<String> r = server.send(server.request("/v1/models").header("x-big", "y".repeat(40_000)).GET().build());
        assertThat(r.statusCode()).isEqualTo(431);
        assertThat(HttpFixture.error(r).path("code").textValue()).isEqualTo("headers_too_large");
        assertThat(r.headers().firstValue("x-request-id")).isPresent();
    }

    @Test
    void models_listed_areThoseGranted() {
        JsonNode list = HttpFixture.json(server.get("/v1/models").body());
        assertThat(list.path("object").textValue()).isEqualTo("list");
        assertThat(list.at("/data/0/id").textValue()).isEqualTo("tiny");
        assertThat(list.path("data")).hasSize(3);
        assertThat(server.get("/v1/models/tiny").statusCode()).isEqualTo(200);
        assertThat(server.get("/v1/models/other").statusCode()).isEqualTo(404);
    }

    @Test
    void error_beforeTheFirstPiece_isAStatusEvenWhenStreaming() {
        server.guestHost.behaviour = (_, _) -> {
            throw new RealmException(ErrorCode.GUEST_FAILED, "the guest trapped: unreachable");
        };
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":\"x\",\"stream\":true}");
        assertThat(r.statusCode()).isEqualTo(502);
        assertThat(HttpFixture.error(r).path("code").textValue()).isEqualTo("guest_error");
        assertThat(HttpFixture.error(r).path("message").textValue()).contains("unreachable");
    }

    @Test
    void error_afterTheFirstPiece_isAnEventWithoutDone() {
        server.guestHost.behaviour = (_, output) -> {
            output.piece("well");
            throw new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the deadline has passed");
        };
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":\"x\",\"stream\":true}");
        assertThat(r.statusCode()).isEqualTo(200);
        List<String> events = HttpFixture.events(r.body());
        assertThat(HttpFixture.json(events.getLast()).at("/error/code").textValue()).isEqualTo("deadline_exceeded");
        assertThat(events).doesNotContain("[DONE]");
    }

    @Test
    void error_ofOneChoice_endsTheOthers() {
        CountDownLatch cancelled = new CountDownLatch(1);
        server.guestHost.behaviour = (call, _) -> {
            if (call.prompt().equals("bad")) {
                throw new RealmException(ErrorCode.GUEST_FAILED, "the guest trapped");
            }
            call.context().onCancel(cancelled::countDown);
            assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
            call.context().check();
            return new GuestResult(FinishReason.STOP, Usage.NONE, 0);
        };
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":[\"good\",\"bad\"]}");
        assertThat(r.statusCode()).isEqualTo(502);
    }

    @Test
    void defect_ofTheServer_is500ThatTellsNothingOfItself() {
        server.guestHost.behaviour = (_, _) -> {
            throw new IllegalStateException("secret detail");
        };
        HttpResponse<String> r = server.post(TEXT, "{\"prompt\":\"x\"}");
        assertThat(r.statusCode()).isEqualTo(500);
        assertThat(r.body()).doesNotContain("secret detail");
    }

    @Test
    void client_thatGoesAwayInSilence_cancelsTheRequest() throws Exception {
        for (boolean stream : new boolean[]{false, true}) {
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            long[] at = new long[1];
            server.guestHost.behaviour = (call, _) -> {
                RequestContext context = call.context();
                context.onCancel(() -> {
                    at[0] = System.nanoTime();
                    cancelled.countDown();
                });
                begun.countDown();
                assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
                context.check();
                return new GuestResult(FinishReason.STOP, Usage.NONE, 0);
            };
            long closedAt;
            try (Socket socket = rawPost("{\"prompt\":\"x\",\"stream\":" + stream + "}")) {
                assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
                closedAt = System.nanoTime();
            }
            assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat((at[0] - closedAt) / 1_000_000).isLessThan(1000);
        }
    }

    @Test
    void client_thatPipelines_getsItsFirstAnswerWhole() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        server.guestHost.behaviour = (call, output) -> {
            begun.countDown();
            assertThat(goOn.await(10, TimeUnit.SECONDS)).isTrue();
            return FakeGuests.ECHO.run(call, output);
        };
        try (Socket socket = rawPost("{\"prompt\":\"x\"}")) {
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
            socket.getOutputStream().write(
                    "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            goOn.countDown();
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(all).startsWith("HTTP/1.1 200").contains("you said: x");
        }
    }

    private static Socket rawPost(String body) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port);
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(("POST " + TEXT + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + HttpFixture.KEY
                + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
        return socket;
    }

    @Test
    void server_withATenantsPartOfThePlacesTaken_is503() throws Exception {
        int part = 5; // of 8 places: one more would be more than twice what is then left for others
        CountDownLatch begun = new CountDownLatch(part);
        CountDownLatch goOn = new CountDownLatch(1);
        server.guestHost.behaviour = (call, output) -> {
            begun.countDown();
            assertThat(goOn.await(10, TimeUnit.SECONDS)).isTrue();
            return FakeGuests.ECHO.run(call, output);
        };
        HttpRequest request = server.request(TEXT).POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"x\"}")).build();
        var running = java.util.stream.IntStream.range(0, part)
                .mapToObj(_ -> server.client.sendAsync(request, HttpResponse.BodyHandlers.ofString())).toList();
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
        HttpResponse<String> next = server.send(request);
        goOn.countDown();
        assertThat(next.statusCode()).isEqualTo(503);
        assertThat(HttpFixture.error(next).path("code").textValue()).isEqualTo("overloaded");
        assertThat(next.headers().firstValue("Retry-After")).isPresent();
        running.forEach(f -> assertThat(f.join().statusCode()).isEqualTo(200));
    }
}
