package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.FinishReason;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the client receives when a guest sees every piece of text first; streamed and unstreamed must be the same. */
class OnTokenTest {
    private static final String GENERATE = """
            (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
              (local $n i32)
              (local.set $n (call $generate (local.get $model) (local.get $prompt) (local.get $len) (local.get $options)
                (i32.const 1024) (i32.const 1024)))
              (if (i32.and (i32.lt_s (local.get $n) (i32.const 0)) (i32.ne (local.get $n) (i32.const -6)))
                (then (return (i32.const 0))))
              %s)
            """;
    private static final String ANSWERS_NOTHING = GENERATE.formatted("(i32.const 8)");
    private static final String ANSWERS_THE_MODELS_TEXT = GENERATE.formatted("(i32.const 1024)");
    private static final String BASICS = GuestFixture.BASICS;

    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
        assertThat(f.sessions.open).as("open sessions").hasValue(0);
    }

    private static String onToken(String body, String generate) {
        return GuestFixture.emitter(BASICS + "(func (export \"on_token\") (param $ptr i32) (param $len i32) (result i32) " + body
                + ")\n" + generate);
    }

    /** What a client gets of these pieces: each as it comes when it streams, otherwise all at the end. */
    private static List<String> given(boolean stream, String... pieces) {
        return stream ? List.of(pieces) : List.of(String.join("", pieces));
    }

    private Outcome run(boolean stream, String wat) {
        f.stream = stream;
        return f.run(wat);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void pass_everything_isTheModelsText(boolean stream) {
        assertThat(run(stream, onToken("(i32.const 0)", ANSWERS_NOTHING)).pieces()).isEqualTo(given(stream, "Par", "is"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void pass_andReturnTheModelsText_isSentOnce(boolean stream) {
        assertThat(run(stream, onToken("(i32.const 0)", ANSWERS_THE_MODELS_TEXT)).text()).isEqualTo("Paris");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void swallow_everything_nothingReachesTheClient(boolean stream) {
        assertThat(run(stream, onToken("(i32.const 1)", ANSWERS_NOTHING)).pieces()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void replace_byEmit_keepsTheOrder(boolean stream) {
        f.sessions.says("a", "b");
        Outcome o = run(stream,
                onToken("(drop (call $emit (local.get $ptr) (local.get $len))) "
                        + "(drop (call $emit (local.get $ptr) (local.get $len))) (i32.const 1)", ANSWERS_NOTHING));
        assertThat(o.pieces()).isEqualTo(given(stream, "a", "a", "b", "b"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stop_endsTheGenerationWithReasonStop(boolean stream) {
        f.sessions.says("one", "two", "three").endsWith(FinishReason.LENGTH);
        Outcome o = run(stream, onToken("(select (i32.const 2) (i32.const 0) "
                + "(i32.eq (i32.load8_u (local.get $ptr)) (i32.const 116)))", ANSWERS_NOTHING));
        assertThat(o.pieces()).containsExactly("one");
        assertThat(f.sessions.stopped).hasValue(1);
        assertThat(o.result()).isNotNull();
        assertThat(o.result().reason()).isEqualTo(FinishReason.STOP);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anyOtherAnswer_isAnAbiError(boolean stream) {
        Outcome o = run(stream, onToken("(i32.const 3)", ANSWERS_NOTHING));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("on_token returned 3", "0 pass on, 1 swallow, 2 stop");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void clearedStreamFlag_buffersInBothModes(boolean stream) {
        String clears = "(i32.store16 (i32.add (local.get $options) (i32.const 26)) (i32.const 0))";
        String upper = """
                (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                  %s
                  (drop (call $generate (local.get $model) (local.get $prompt) (local.get $len) (local.get $options)
                    (i32.const 1024) (i32.const 1024)))
                  (i32.store8 (i32.const 1024) (i32.const 80))
                  (drop (call $emit (i32.const 1024) (i32.const 1)))
                  (i32.const 8))
                """
                .formatted(clears);
        assertThat(run(stream, onToken("(i32.const 0)", upper)).pieces()).containsExactly("P");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void emitWithoutOnToken_sameInBothModes(boolean stream) {
        String wat = GuestFixture.emitter(BASICS + "(data (i32.const 64) \"> \")"
                + """
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (drop (call $emit (i32.const 64) (i32.const 2)))
                          (drop (call $generate (local.get $model) (local.get $prompt) (local.get $len) (local.get $options)
                            (i32.const 1024) (i32.const 1024)))
                          (drop (call $emit (i32.const 64) (i32.const 1)))
                          (i32.const 8))
                        """);
        assertThat(run(stream, wat).text()).isEqualTo("> Paris>");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void generateInsideOnToken_notPermitted(boolean stream) {
        String body = """
                (i32.store (i32.const 512) (call $generate (i32.const 0) (local.get $ptr) (local.get $len) (i32.const 0)
                  (i32.const 2048) (i32.const 64)))
                (i32.const 1)
                """;
        String answer = GENERATE.formatted("(call $number (i32.load (i32.const 512)) (i32.const 600))");
        assertThat(run(stream, onToken(body, answer)).text()).isEqualTo("-18");
        assertThat(f.sessions.commands).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void largePiece_getsALargerBlock(boolean stream) {
        f.sessions.says("é".repeat(300), "b", "c".repeat(10_000));
        assertThat(run(stream, onToken("(i32.const 0)", ANSWERS_NOTHING)).text())
                .isEqualTo("é".repeat(300) + "b" + "c".repeat(10_000));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trapInOnToken_failsTheRequestAndClosesTheSession(boolean stream) {
        Outcome o = run(stream, onToken("unreachable", ANSWERS_NOTHING));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("unreachable");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void severalGenerations_usageSummedReasonOfTheLast(boolean stream) {
        f.sessions.answers(c -> f.sessions.commands.size() == 1 ? java.util.List.of("x", "y") : java.util.List.of("z"))
                .endsWith(FinishReason.LENGTH);
        String twice = GENERATE.formatted("""
                (drop (call $generate (local.get $model) (local.get $prompt) (local.get $len) (local.get $options)
                  (i32.const 1024) (i32.const 1024)))
                (i32.const 8)""");
        Outcome o = run(stream, onToken("(i32.const 0)", twice));
        assertThat(o.text()).isEqualTo("xyz");
        assertThat(o.result()).isNotNull();
        assertThat(o.result().generations()).isEqualTo(2);
        assertThat(o.result().usage().generatedTokens()).isEqualTo(3);
        assertThat(o.result().usage().promptTokens()).isEqualTo(14);
        assertThat(o.result().reason()).isEqualTo(FinishReason.LENGTH);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void logProbs_ofPiecesLetThrough_comeAndNoOthers(boolean stream) {
        f.params = f.params.toBuilder().logProbs(0).build();
        f.sessions.says("a", "bb", "c");
        Outcome o = run(stream, onToken("(i32.eq (local.get $len) (i32.const 2))", ANSWERS_NOTHING));
        assertThat(o.text()).isEqualTo("ac");
        assertThat(f.shown).containsExactly(0, 2);
    }
}
