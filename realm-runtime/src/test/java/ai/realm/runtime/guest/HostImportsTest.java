package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.GenerateCommand;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each import's results and errors, as a guest sees them. */
class HostImportsTest {
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
        assertThat(f.leases).as("open leases").hasValue(0);
        assertThat(f.sessions.open).as("open sessions").hasValue(0);
    }

    private String number(String data, String expression) {
        return answer(data, "(call $number (block (result i32) " + expression + ") (i32.const 16))");
    }

    private String answer(String data, String body) {
        Outcome o = f.run(GuestFixture.generates(body).replace("(global $next", data + " (global $next"));
        assertThat(o.error()).isNull();
        return o.text();
    }

    private static String generate(String model, String ptr, String len, String options, String out, String max) {
        return "(call $generate (i32.const %s) (i32.const %s) (i32.const %s) (i32.const %s) (i32.const %s) (i32.const %s))"
                .formatted(model, ptr, len, options, out, max);
    }

    @Test
    void generate_fits_countsItsNul() {
        assertThat(number("(data (i32.const 64) \"hi\")", generate("0", "64", "2", "0", "1024", "6"))).isEqualTo("6");
        assertThat(f.sessions.last().prompt()).isEqualTo(new GenerateCommand.TextPrompt("hi", false));
    }

    @Test
    void generate_bufferTooSmall_isMinusSixAndTheResultIsKept() {
        assertThat(answer("(data (i32.const 64) \"hi\")",
                "(if (i32.ne " + generate("0", "64", "2", "0", "1024", "5") + " (i32.const -6)) (then unreachable))"
                        + "(if (i32.ne (call $result (i32.const 0) (i32.const 1024) (i32.const 4)) (i32.const 4)) (then unreachable))"
                        + "(if (i32.ne (call $result (i32.const 4) (i32.const 1028) (i32.const 9)) (i32.const 2)) (then unreachable))"
                        + "(if (i32.ne (call $result (i32.const 6) (i32.const 1028) (i32.const 9)) (i32.const 0)) (then unreachable))"
                        + "(if (i32.ne (call $result (i32.const 7) (i32.const 64) (i32.const 9)) (i32.const -3)) (then unreachable))"
                        + "(i32.const 1024)"))
                .isEqualTo("Paris");
    }

    @Test
    void result_beforeAnyGeneration_isEmpty() {
        assertThat(number("", "(call $result (i32.const 0) (i32.const 64) (i32.const 8))")).isEqualTo("0");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            // model | prompt | length | options | out | max | error
            "0 | 64 | 0 | 0 | 1024 | 64 | -9", // empty prompt
            "0 | 65 | 1 | 0 | 1024 | 64 | -4", // half a character
            "7 | 64 | 1 | 0 | 1024 | 64 | -5", // not granted
            "-1 | 64 | 1 | 0 | 1024 | 64 | -5", // whatever it is
            "0 | 65536 | 1 | 0 | 1024 | 64 | -3", // at the end of memory
            "0 | 65535 | 2 | 0 | 1024 | 64 | -3", // across it
            "0 | 64 | -1 | 0 | 1024 | 64 | -3", // 2^32-1 bytes
            "0 | -1 | 2 | 0 | 1024 | 64 | -3", // wraps at 32 bits
            "0 | -16 | 32 | 0 | 1024 | 64 | -3", // wraps into valid memory
            "0 | 64 | 1 | 0 | 65530 | 7 | -3", // buffer across the end
            "0 | 64 | 1 | 0 | 65530 | 6 | 6", // buffer up to the end
            "0 | 64 | 1 | 0 | 65536 | 0 | -6", // an empty buffer at the end
            "0 | 64 | 1 | 0 | -4 | 8 | -3", // wraps
            "0 | 64 | 1 | 65505 | 1024 | 64 | -2", // options across the end
            "0 | 64 | 1 | 128 | 1024 | 64 | -2", // version 9
            "0 | 64 | 1 | 160 | 1024 | 64 | -17", // temperature -1
            "0 | 64 | 1 | 192 | 1024 | 64 | -17", // temperature not a number
            "0 | 64 | 1 | 224 | 1024 | 64 | -17", // top_k of 2^31
            "0 | 64 | 1 | 256 | 1024 | 64 | -17", // undefined flag
            "0 | 64 | 1 | 288 | 1024 | 64 | -2", // stop tokens outside
            "0 | 64 | 1 | 65 | 1024 | 64 | 6"}) // options at an odd address are read bytewise
    void generate_badArguments_haveOneErrorEach(String model, String prompt, String length, String options, String out,
            String max,
            String expected) {
        String data = "(data (i32.const 64) \"a\\c3\")" + "(data (i32.const 153) \"\\09\")"
                + "(data (i32.const 164) \"\\00\\00\\80\\bf\")" + "(data (i32.const 196) \"\\00\\00\\c0\\7f\")"
                + "(data (i32.const 236) \"\\00\\00\\00\\80\")" + "(data (i32.const 282) \"\\04\")"
                + "(data (i32.const 312) \"\\02\\00\\00\\00\\fd\\ff\\00\\00\")";
        assertThat(number(data, generate(model, prompt, length, options.equals("65") ? "417" : options, out, max)))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void generate_sessionRefuses_guestGetsItsErrorAndTheClientTheCause(ErrorCode code) {
        f.sessions.refuses(code, "because");
        int expected = AbiError.of(code).code();
        assertThat(number("(data (i32.const 64) \"hi\")", generate("0", "64", "2", "0", "1024", "64"))).isEqualTo("" + expected);
        Outcome o = f.run(ai.realm.guest.Guests.load("default"));
        if (code == ErrorCode.GUEST_FAILED) {
            assertThat(o.message()).contains("because", "" + expected);
        } else {
            assertThat(o.code()).isEqualTo(code);
            assertThat(o.message()).isEqualTo("because");
        }
    }

    @Test
    void generate_failsAtTheEnd_causeReachesTheClient() {
        f.sessions.failsAtTheEnd(ErrorCode.INTERNAL, "the engine died");
        Outcome o = f.run(ai.realm.guest.Guests.load("default"));
        assertThat(o.code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(o.message()).isEqualTo("the engine died");
    }

    @Test
    void trapAfterAHostError_answersWithThatCause() {
        f.sessions.refuses(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "too long");
        Outcome o = f.run(GuestFixture.generates("(drop (call $generate (local.get $model) (local.get $prompt) (local.get $len)"
                + "(i32.const 0) (i32.const 1024) (i32.const 64))) unreachable"));
        assertThat(o.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
        assertThat(o.message()).isEqualTo("too long");
    }

    @Test
    void trapAfterARecovery_isTheGuestsOwnFailure() {
        Outcome o = f.run(GuestFixture.generates("""
                (drop (call $generate (i32.const 99) (local.get $prompt) (local.get $len)
                  (i32.const 0) (i32.const 1024) (i32.const 64)))
                (drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len)
                  (i32.const 0) (i32.const 1024) (i32.const 64)))
                unreachable"""));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("unreachable");
    }

    @Test
    void returnsZeroAfterItsOwnMistake_saysWhichCallAndWhy() {
        Outcome o = f
                .run(GuestFixture.generates("(drop (call $generate (i32.const 0) (i32.const 65536) (i32.const 4) (i32.const 0)"
                        + "(i32.const 0) (i32.const 64))) (i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("realm_host_generate failed (-3)", "65536", "65536 bytes");
    }

    @Test
    void returnsZeroWithoutAnError_saysSo() {
        Outcome o = f.run(GuestFixture.generates("(i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("generate returned 0");
    }

    @Test
    void lastError_afterAFailure_namesTheCall() {
        assertThat(answer("", "(drop (call $config (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 0)))"
                + "(drop (call $last_error (i32.const 1024) (i32.const 1000))) (i32.const 1024)"))
                .isEqualTo("realm_host_config failed (-19): no such key");
    }

    @Test
    void tokenize_writesIdsAndCountsAll() {
        String data = "(data (i32.const 64) \"abc\")";
        assertThat(number(data, "(call $tokenize (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 0) (i32.const 0))"))
                .isEqualTo("3");
        assertThat(
                number(data, "(drop (call $tokenize (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 1025) (i32.const 2)))"
                        + "(i32.add (i32.load (i32.const 1029)) (i32.load (i32.const 1033)))"))
                .isEqualTo("98");
    }

    @Test
    void tokenize_errors() {
        String data = "(data (i32.const 64) \"untokenizable\")";
        String call = "(call $tokenize (i32.const %s) (i32.const 64) (i32.const %s) (i32.const 1024) (i32.const %s))";
        assertThat(number(data, call.formatted("0", "13", "4"))).isEqualTo("-8");
        assertThat(number(data, call.formatted("5", "3", "4"))).isEqualTo("-5");
        assertThat(number(data, call.formatted("0", "3", "1073741824"))).isEqualTo("-3");
        f.tokenizes = false;
        assertThat(number(data, call.formatted("0", "3", "4"))).isEqualTo("-7");
    }

    @Test
    void kv_setGetDelete_outliveTheRequest() {
        String data = "(data (i32.const 64) \"key\") (data (i32.const 80) \"value\")";
        assertThat(number(data, "(call $kv_get (i32.const 64) (i32.const 3) (i32.const 0) (i32.const 0))")).isEqualTo("-19");
        assertThat(number(data, "(call $kv_set (i32.const 64) (i32.const 3) (i32.const 80) (i32.const 5))")).isEqualTo("0");
        assertThat(answer(data, "(if (i32.ne (call $kv_get (i32.const 64) (i32.const 3) (i32.const 1024) (i32.const 2))"
                + " (i32.const 5)) (then unreachable)) (i32.const 1024)")).isEqualTo("va");
        assertThat(number(data, "(call $kv_delete (i32.const 64) (i32.const 3))")).isEqualTo("0");
        assertThat(number(data, "(call $kv_delete (i32.const 64) (i32.const 3))")).isEqualTo("-19");
    }

    @Test
    void kv_beyondItsBudget_isMinusTwenty() {
        assertThat(number("", "(call $kv_set (i32.const 64) (i32.const 3) (i32.const 0) (i32.const 65535))")).isEqualTo("-20");
        assertThat(number("", "(call $kv_set (i32.const 64) (i32.const 0) (i32.const 0) (i32.const 1))")).isEqualTo("-17");
    }

    @Test
    void configAndRequest_readWhatTheOperatorAndTheClientGave() {
        f.config.put("mode", "strict");
        f.requestJson = "{\"messages\":[]}";
        assertThat(answer("(data (i32.const 64) \"mode\")",
                "(drop (call $config (i32.const 64) (i32.const 4) (i32.const 1024) (i32.const 100))) (i32.const 1024)"))
                .isEqualTo("strict");
        assertThat(answer("", "(drop (call $request (i32.const 1024) (i32.const 100))) (i32.const 1024)"))
                .isEqualTo("{\"messages\":[]}");
        assertThat(number("", "(call $request (i32.const 65536) (i32.const 0))")).isEqualTo("15");
    }

    @Test
    void generations_beyondTheLimit_areMinusTwentyAndNamed() {
        Outcome o = f.run(GuestFixture.generates("""
                (local $n i32)
                (loop $again
                  (local.set $n (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0)
                    (i32.const 1024) (i32.const 64)))
                  (br_if $again (i32.gt_s (local.get $n) (i32.const 0))))
                (i32.const 0)"""));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("generations", "8 allowed", "9 reached");
        assertThat(f.sessions.commands).hasSize(8);
    }

    @Test
    void generatedTokens_limitBoundsEachGeneration() {
        var limits = new GuestFixture.LimitsBuilder();
        limits.generatedTokens = 3;
        f.limits = limits.build();
        f.sessions.says("a", "b");
        String twice = GuestFixture.generates(
                """
                        (drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) (i32.const 64)))
                        (drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) (i32.const 64)))
                        (if (i32.ne (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024)
                          (i32.const 64)) (i32.const -20)) (then unreachable))
                        (i32.const 0)""");
        Outcome o = f.run(twice);
        assertThat(f.sessions.commands.get(1).params().maxTokens()).isEqualTo(1);
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("generated_tokens", "3 allowed", "3 reached");
    }

    @Test
    void initialize_mayReadItsSettingsButNotGenerateOrEmit() {
        f.config.put("mode", "strict");
        Outcome o = f.run(GuestFixture.emitter(GuestFixture.BASICS
                + """
                        (data (i32.const 64) "mode")
                        (func (export "_initialize")
                          (i32.store (i32.const 200) (call $generate (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 1024)
                            (i32.const 64)))
                          (i32.store (i32.const 204) (call $emit (i32.const 64) (i32.const 4)))
                          (i32.store (i32.const 208) (call $config (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 0))))
                        (func (export "generate") (param i32 i32 i32 i32) (result i32)
                          (call $number (i32.add (i32.mul (i32.add (i32.load (i32.const 200)) (i32.load (i32.const 204))) (i32.const 100))
                            (i32.load (i32.const 208))) (i32.const 16)))"""));
        assertThat(o.text()).as("-18 and -18, then 6").isEqualTo("-3594");
        assertThat(f.sessions.commands).isEmpty();
    }

    @Test
    void quota_isAskedBeforeEveryGeneration() {
        f.quota = 1;
        String twice = "(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) (i32.const 1024) "
                + "(i32.const 64))) ";
        Outcome o = f.run(GuestFixture.generates(twice + twice + "(i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.INSUFFICIENT_QUOTA);
        assertThat(f.sessions.commands).hasSize(1);
        assertThat(f.admitted).containsExactly(new int[]{1, f.prompt.length(), 20}, new int[]{2, f.prompt.length(), 20});
    }
}
