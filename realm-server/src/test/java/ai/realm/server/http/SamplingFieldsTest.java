package ai.realm.server.http;

import static ai.realm.server.http.HttpFixture.error;
import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplerKind;
import ai.realm.core.sampling.SamplingParams;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SamplingFieldsTest {
    private final HttpFixture f = new HttpFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private SamplingParams params(String fields) {
        assertThat(f.post("/v1/completions", "{\"prompt\":\"p\"," + fields + "}").statusCode()).as(fields).isEqualTo(200);
        return f.guestHost.calls.getLast().params();
    }

    private void refused(String fields, String param) {
        var response = f.post("/v1/completions", "{\"prompt\":\"p\"," + fields + "}");
        assertThat(response.statusCode()).as(fields).isEqualTo(400);
        assertThat(error(response).path("param").asText()).as(fields).isEqualTo(param);
    }

    @Test
    void samplers_byTheNamesOfLlamaCppAndVllm_reachTheSession() {
        SamplingParams p = params(
                """
                        "min_p":0.1,"typical_p":0.9,"top_n_sigma":1.5,"repeat_penalty":1.2,"repeat_last_n":-1,"dry_multiplier":0.8,
                        "dry_base":1.5,"dry_allowed_length":3,"dry_penalty_last_n":64,"dry_sequence_breakers":["\\n"],"xtc_probability":0.5,
                        "xtc_threshold":0.2,"mirostat":2,"mirostat_tau":4,"mirostat_eta":0.2,"dynatemp_range":0.3,"dynatemp_exponent":2,
                        "samplers":["top_k","temperature"],"ignore_eos":true,"min_tokens":3,"stop_token_ids":[5],"bad_words":["no"],
                        "allowed_token_ids":[1,2],"logit_bias":[[7,false],[8,1.5]]""");
        assertThat(p.typicalP()).isEqualTo(0.9f);
        assertThat(p.repetitionPenalty()).isEqualTo(1.2f);
        assertThat(p.repeatWindow()).isEqualTo(-1);
        assertThat(p.extras().topNSigma()).isEqualTo(1.5f);
        assertThat(p.extras().dryMultiplier()).isEqualTo(0.8f);
        assertThat(p.extras().dryLastTokens()).isEqualTo(64);
        assertThat(p.extras().dryBreakers()).containsExactly("\n");
        assertThat(p.extras().xtcThreshold()).isEqualTo(0.2f);
        assertThat(p.extras().mirostat()).isEqualTo(2);
        assertThat(p.extras().dynatempExponent()).isEqualTo(2);
        assertThat(p.extras().order()).containsExactly(SamplerKind.TOP_K, SamplerKind.TEMPERATURE);
        assertThat(p.tokenRules()).matches(r -> r.ignoreEnd() && r.minTokens() == 3 && r.allowed().size() == 2);
        assertThat(p.tokenRules().badWords()).containsExactly("no");
        assertThat(p.stopTokens()).containsExactly(5);
        assertThat(p.logitBias()).containsEntry(8, 1.5f).containsKey(7);
    }

    @Test
    void biases_ofTexts_reachTheSession() {
        SamplingParams p = params("\"logit_bias\":[[\" no\",-5.5],[7,1],[\"never\",false]]");
        assertThat(p.logitBias()).containsExactly(Map.entry(7, 1f));
        assertThat(p.extras().biasedTexts()).containsEntry(" no", -5.5f).containsEntry("never", -1e9f);
        assertThat(params("\"logit_bias\":{\"no\":-2,\"3\":1,\"x\":null}").extras().biasedTexts()).containsOnlyKeys("no");
        refused("\"logit_bias\":[[\"\",1]]", "logit_bias");
        refused("\"logit_bias\":[[\"" + "x".repeat(257) + "\",1]]", "logit_bias");
        refused("\"logit_bias\":[[\"x\",101]]", "logit_bias[0][1]");
        refused("\"logit_bias\":{\"x\":true}", "logit_bias.x");
        refused("\"logit_bias\":[[true,1]]", "logit_bias[0][0]");
    }

    @Test
    void samplers_asLettersOrText_areAnOrder() {
        assertThat(params("\"samplers\":\"kt\"").extras().order()).containsExactly(SamplerKind.TOP_K, SamplerKind.TEMPERATURE);
        assertThat(params("\"samplers\":\"top_k;temperature\"").extras().order()).hasSize(2);
        assertThat(params("\"samplers\":[]").extras().order()).isEmpty();
        refused("\"samplers\":[\"magic\"]", "samplers");
    }

    @Test
    void samplers_outOfRange_areRefusedByName() {
        refused("\"mirostat\":3", "mirostat");
        refused("\"xtc_probability\":1.5", "xtc_probability");
        refused("\"top_p\":0", "top_p");
        refused("\"repeat_penalty\":0", "repeat_penalty");
        refused("\"bad_words\":[\"\"]", "bad_words");
        refused("\"min_tokens\":-1", "min_tokens");
        refused("\"stop_token_ids\":[-1]", "stop_token_ids[0]");
        refused("\"allowed_token_ids\":\"a\"", "allowed_token_ids");
        refused("\"dry_sequence_breakers\":[1]", "dry_sequence_breakers[0]");
        refused("\"logit_bias\":[[1]]", "logit_bias[0]");
    }

    @Test
    void formats_byEveryName_becomeOneGrammarOrSchema() {
        for (String schema : List.of("\"json_schema\":{\"type\":\"integer\"}", "\"guided_json\":{\"type\":\"integer\"}",
                "\"guided_json\":\"{\\\"type\\\":\\\"integer\\\"}\"", "\"structured_outputs\":{\"json\":{\"type\":\"integer\"}}",
                "\"response_format\":{\"type\":\"json_object\",\"schema\":{\"type\":\"integer\"}}",
                "\"response_format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"integer\"}}",
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"integer\"}}}")) {
            assertThat(params(schema).jsonSchema()).as(schema).isEqualTo("{\"type\":\"integer\"}");
        }
        assertThat(params("\"guided_choice\":[\"a\\\"b\",\"ü\"]").grammar())
                .isEqualTo("root ::= \"a\\U00000022b\" | \"\\U000000FC\"");
        assertThat(params("\"structured_outputs\":{\"regex\":\"[0-9]+\"}").grammar()).isEqualTo("root ::= %regex \"[0-9]+\"");
        assertThat(params("\"guided_grammar\":\"start: \\\"a\\\"\"").grammar()).isEqualTo("%lark\nroot ::= \"a\"\n");
        assertThat(params("\"grammar\":\"root ::= \\\"a\\\"\"").grammar()).isEqualTo("root ::= \"a\"");
        assertThat(params("\"structured_outputs\":{}").grammar()).isNull();
    }

    @Test
    void formats_twoOrBroken_areRefusedByName() {
        refused("\"guided_regex\":\"a\",\"json_schema\":{}", "guided_regex");
        refused("\"guided_regex\":\"(\"", "guided_regex");
        refused("\"guided_choice\":[]", "guided_choice");
        refused("\"structured_outputs\":{\"json_object\":true,\"regex\":\"a\"}", "structured_outputs");
        refused("\"guided_json\":\"no json\"", "guided_json");
        refused("\"guided_grammar\":\"start\"", "guided_grammar");
        refused("\"structured_outputs\":{\"structural_tag\":{}}", "structured_outputs.structural_tag");
    }

    @Test
    void chat_goingOn_rendersTheLastTurnUnfinished() {
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"It is\"}],%s}";
        assertThat(
                f.post("/v1/chat/completions", body.formatted("\"continue_final_message\":true,\"add_generation_prompt\":false"))
                        .statusCode())
                .isEqualTo(200);
        assertThat(f.guestHost.calls.getLast().prompt()).isEqualTo("<user>qIt is");
        assertThat(error(f.post("/v1/chat/completions",
                body.formatted("\"continue_final_message\":true,\"add_generation_prompt\":true"))).path("param").asText())
                .isEqualTo("continue_final_message");
    }

    @Test
    void answer_whole_hasTimingsAndAFingerprint() {
        var answer = HttpFixture.json(f.post("/v1/completions", "{\"prompt\":\"p\"}").body());
        assertThat(answer.path("system_fingerprint").asText()).startsWith("fp_");
        assertThat(answer.at("/timings/predicted_n").asInt()).isEqualTo(2);
        assertThat(answer.at("/timings/prompt_ms").asDouble()).isNotNegative();
    }
}
