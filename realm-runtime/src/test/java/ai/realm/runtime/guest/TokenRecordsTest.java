package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Log-probabilities as a guest reads them: {@code realm_host_pieces}. */
class TokenRecordsTest {
    private static final String GENERATE = "(drop (call $generate (i32.const 0) (local.get $prompt) (local.get $len) (i32.const 0) "
            + "(i32.const 1024) (i32.const 64)))";
    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private Outcome number(String expression) {
        return f.run(GuestFixture.generates(GENERATE + "(call $number (block (result i32) " + expression + ") (i32.const 16))"));
    }

    @Test
    void records_haveTokenProbabilityEndAndAlternatives() {
        f.params = SamplingParams.greedy(20).toBuilder().logProbs(2).build();
        f.sessions.says("Par", "\u00e9", "s");
        String copied = "(drop (call $pieces (i32.const 0x80000000) (i32.const 2048) (i32.const 96)))";
        assertThat(number("(call $pieces (i32.const 0x80000000) (i32.const 2048) (i32.const 96))").text()).isEqualTo("3");
        assertThat(number(copied + "(i32.load (i32.const 2080))").text()).as("token of the second").isEqualTo("1");
        assertThat(number(copied + "(i32.load (i32.const 2088))").text()).as("bytes up to its end").isEqualTo("5");
        assertThat(number(copied + "(i32.load (i32.const 2092))").text()).as("alternatives").isEqualTo("2");
        assertThat(number(copied + "(i32.load (i32.const 2104))").text()).as("second alternative").isEqualTo("2");
        assertThat(number(copied + "(i32.trunc_f32_s (f32.mul (f32.load (i32.const 2084)) (f32.const 100)))").text())
                .isEqualTo("-50");
        assertThat(
                number("(drop (call $pieces (i32.const 0x80000002) (i32.const 2048) (i32.const 63)))"
                        + "(i32.load (i32.const 2048))").text())
                .as("from the third on, one fits").isEqualTo("2");
    }

    @Test
    void alternativesThatTheClientAskedFor_doNotChangeRecordsOfAGuestThatDoesNot() {
        f.params = SamplingParams.greedy(20).toBuilder().logProbs(5).build();
        f.sessions.says("Par", "\u00e9", "s");
        String copied = "(drop (call $pieces (i32.const 0) (i32.const 2048) (i32.const 48)))";
        assertThat(number("(call $pieces (i32.const 0) (i32.const 2048) (i32.const 48))").text()).isEqualTo("3");
        for (int i = 0; i < 3; i++) {
            int at = 2048 + 16 * i;
            assertThat(number(copied + "(i32.load (i32.const " + at + "))").text()).as("token").isEqualTo("" + i);
            String logProb = "(f32.load (i32.const " + (at + 4) + "))";
            assertThat(number(copied + "(i32.trunc_f32_s (f32.mul " + logProb + " (f32.const 100)))").text())
                    .as("log-probability").isEqualTo("-50");
            assertThat(number(copied + "(i32.load (i32.const " + (at + 8) + "))").text()).as("end")
                    .isEqualTo("" + (i == 0 ? 3 : i + 4));
            assertThat(number(copied + "(i32.load (i32.const " + (at + 12) + "))").text()).as("alternatives").isEqualTo("0");
        }
    }

    @Test
    void withoutLogProbs_thereAreNone_andBeyondTheEndIsAnError() {
        assertThat(number("(call $pieces (i32.const 0) (i32.const 2048) (i32.const 96))").text()).isEqualTo("0");
        assertThat(number("(call $pieces (i32.const 1) (i32.const 2048) (i32.const 96))").text()).isEqualTo("-3");
    }

    @Test
    void longAnswer_newestAreKept() {
        f.params = SamplingParams.greedy(6000).toBuilder().logProbs(0).build();
        GuestFixture.LimitsBuilder limits = new GuestFixture.LimitsBuilder();
        limits.generatedTokens = 10_000;
        f.limits = limits.build();
        String[] pieces = new String[5000];
        java.util.Arrays.fill(pieces, "x");
        f.sessions.says(pieces);
        assertThat(number("(call $pieces (i32.const 904) (i32.const 2048) (i32.const 16))").text()).isEqualTo("5000");
        assertThat(number("(call $pieces (i32.const 903) (i32.const 2048) (i32.const 16))").text()).isEqualTo("-3");
    }

    @Test
    void insideOnToken_thoseShownSoFar() {
        f.params = SamplingParams.greedy(20).toBuilder().logProbs(1).build();
        f.sessions.says("a", "b", "c");
        String wat = GuestFixture.guest(GuestFixture.BASICS
                + """
                        (global $sum (mut i32) (i32.const 0))
                        (func (export "on_token") (param i32 i32) (result i32)
                          (global.set $sum (i32.add (i32.mul (global.get $sum) (i32.const 10)) (call $pieces (i32.const 0) (i32.const 0) (i32.const 0))))
                          (i32.const 1))
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          %s (call $number (global.get $sum) (i32.const 16)))
                        """
                        .formatted(GENERATE));
        assertThat(f.run(wat).text()).isEqualTo("123");
    }
}
