package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.GuestRefusal;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.FinishReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a guest says of its answer beside the text: its end, calls, events, refusals; and what it may ask of chats and models. */
class HostAnswerTest {
    private static final String GENERATE = "(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) "
            + "(i32.const 1024) (i32.const 64)))";
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    /** Texts at fixed places: an id, a name, JSON, a code, a text with a line break. */
    private static String guest(String body) {
        return GuestFixture.generates(body).replace("(global $next",
                """
                        (data (i32.const 100) "call_1") (data (i32.const 120) "get_weather") (data (i32.const 140) "{\\"city\\":\\"Rome\\"}")
                        (data (i32.const 180) "over_budget") (data (i32.const 200) "no more\\n\\ndata: today")
                        (data (i32.const 240) "bad name\\n") (data (i32.const 300) "[{\\"role\\":\\"user\\"}]")
                        (global $next""");
    }

    private static final String CALL = "(call $tool_call (i32.const 100) (i32.const 6) (i32.const 120) (i32.const 11) (i32.const 140) "
            + "(i32.const 15))";

    private String number(String expression) {
        Outcome o = f.run(guest("(call $number (block (result i32) " + expression + ") (i32.const 16))"));
        assertThat(o.error()).as(expression).isNull();
        return o.text();
    }

    private static GuestChat chat(boolean calls) {
        return new GuestChat() {
            @Override
            public String render(int model, String json, boolean open) {
                if (model == 9) {
                    throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "no such model");
                }
                return "<" + json + ">" + open;
            }

            @Override
            public String describe(int model) {
                return "{\"name\":\"m" + model + "\"}";
            }

            @Override
            public boolean takesToolCalls() {
                return calls;
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"0,STOP", "1,LENGTH", "2,CONTENT_FILTER", "3,TOOL_CALLS"})
    void finish_isHowTheAnswerEnds(int code, FinishReason reason) {
        f.sessions.endsWith(FinishReason.LENGTH);
        Outcome o = f.run(guest(GENERATE + "(drop (call $finish (i32.const " + code + "))) (i32.const 1024)"));
        assertThat(o.result()).isNotNull();
        assertThat(o.result().reason()).isEqualTo(reason);
        assertThat(number("(call $finish (i32.const 4))")).isEqualTo("-17");
    }

    @Test
    void toolCall_reachesTheClient_whereAnswersHaveThem() {
        f.chat = chat(true);
        assertThat(number(CALL)).isEqualTo("0");
        assertThat(f.notices).containsExactly("call call_1 get_weather {\"city\":\"Rome\"}");
        f.chat = chat(false);
        assertThat(number(CALL)).isEqualTo("-18");
        f.chat = chat(true);
        assertThat(number(
                "(call $tool_call (i32.const 240) (i32.const 9) (i32.const 120) (i32.const 11) (i32.const 140) (i32.const 15))"))
                .as("a name with a line break").isEqualTo("-17");
        assertThat(f.notices).hasSize(1);
    }

    @Test
    void callsAndEvents_areBoundedByTheBytesOfOutput() {
        f.chat = chat(true);
        GuestFixture.LimitsBuilder limits = new GuestFixture.LimitsBuilder();
        limits.outputBytes = 1000;
        f.limits = limits.build();
        assertThat(number("(local.set $len (i32.const 0)) (loop $l (br_if $l (i32.and (i32.eqz " + CALL
                + ") (i32.lt_u (local.tee $len (i32.add (local.get $len) (i32.const 1))) (i32.const 100))))) (local.get $len)"))
                .as("the first that is too much").isEqualTo("13");
        assertThat(f.notices).hasSize(12);
    }

    @Test
    void event_hasANameAndAnyText() {
        assertThat(number("(call $event (i32.const 120) (i32.const 11) (i32.const 140) (i32.const 15))")).isEqualTo("0");
        assertThat(f.notices).containsExactly("event get_weather {\"city\":\"Rome\"}");
        assertThat(number("(call $event (i32.const 240) (i32.const 9) (i32.const 140) (i32.const 15))")).isEqualTo("-17");
    }

    @Test
    void refusal_hasStatusCodeAndText_andEndsTheGuest() {
        Outcome o = f
                .run(guest("(drop (call $refuse (i32.const 422) (i32.const 180) (i32.const 11) (i32.const 200) (i32.const 7))) "
                        + "(unreachable)"));
        assertThat(o.error()).isInstanceOfSatisfying(GuestRefusal.class, r -> {
            assertThat(r.status()).isEqualTo(422);
            assertThat(r.reason()).isEqualTo("over_budget");
            assertThat(r.getMessage()).isEqualTo("no more");
        });
    }

    @Test
    void refusal_ofAnotherStatusOrAfterText_isNot() {
        assertThat(number("(call $refuse (i32.const 500) (i32.const 180) (i32.const 11) (i32.const 200) (i32.const 7))"))
                .isEqualTo("-17");
        assertThat(number("(call $refuse (i32.const 200) (i32.const 180) (i32.const 11) (i32.const 200) (i32.const 7))"))
                .isEqualTo("-17");
        String emits = GuestFixture.emitter(GuestFixture.BASICS
                + """
                        (data (i32.const 180) "code")
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (drop (call $emit (i32.const 180) (i32.const 4)))
                          (call $number (call $refuse (i32.const 403) (i32.const 180) (i32.const 4) (i32.const 180) (i32.const 4)) (i32.const 16)))
                        """);
        assertThat(f.run(emits).text()).isEqualTo("code-18");
    }

    @Test
    void usage_isOfTheLastGenerationAndOfAll() {
        String filled = GENERATE + GENERATE + "(drop (call $usage (i32.const 2048) (i32.const 40)))";
        assertThat(number(filled + "(i32.load (i32.const 2048))")).isEqualTo("7");
        assertThat(number(filled + "(i32.load (i32.const 2056))")).isEqualTo("2");
        assertThat(number(filled + "(i32.load (i32.const 2060))")).isEqualTo("14");
        assertThat(number(filled + "(i32.load (i32.const 2068))")).isEqualTo("4");
        assertThat(number(filled + "(i64.ne (i64.load (i32.const 2072)) (i64.const 0))")).as("processor time").isEqualTo("1");
        assertThat(number(filled + "(i32.load (i32.const 2084))")).as("tokens left").isEqualTo("996");
        assertThat(number("(i32.store (i32.const 2056) (i32.const 5)) (drop (call $usage (i32.const 2048) (i32.const 8))) "
                + "(i32.load (i32.const 2056))")).as("beyond what it gave room for").isEqualTo("5");
    }

    @Test
    void render_isWhatTheServerSays_withItsErrors() {
        f.chat = chat(true);
        String rendered = "(drop (call $render (i32.const 0) (i32.const 300) (i32.const 17) (i32.const 1) (i32.const 2048) "
                + "(i32.const 200))) (i32.const 2048)";
        assertThat(f.run(guest(rendered)).text()).isEqualTo("<[{\"role\":\"user\"}]>true");
        assertThat(
                number("(call $render (i32.const 9) (i32.const 300) (i32.const 17) (i32.const 1) (i32.const 0) (i32.const 0))"))
                .isEqualTo("-5");
        assertThat(f.run(guest("(drop (call $model (i32.const 1) (i32.const 2048) (i32.const 200))) (i32.const 2048)")).text())
                .isEqualTo("{\"name\":\"m1\"}");
        f.chat = GuestChat.NONE;
        assertThat(
                number("(call $render (i32.const 0) (i32.const 300) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 0))"))
                .isEqualTo("-18");
    }
}
