package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.Engines;
import ai.realm.runtime.engine.FakeModel;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.LetterTokenizer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each import of sequences and grammars, its results and errors, on an engine; and that nothing is left of a guest, however it ends. */
@Timeout(60)
class HostSequencesTest {
    /** A sequence in $s with "hello" fed, and room for what the calls write at 4096. */
    private static final String OPEN = """
            (global.set $s (call $seq_open (i32.const 0) (i32.const 0)))
            (drop (call $seq_feed (global.get $s) (i32.const 64) (i32.const 5) (i32.const 0)))
            """;
    private static final String DATA = "(data (i32.const 64) \"hello\") (data (i32.const 96) \"xyz\") (global $s (mut i32) (i32.const 0))"
            + " (data (i32.const 128) \"\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\")"
            + " (data (i32.const 160) \"x\\00\\00\\00\\80\\00\\00\\00\") (data (i32.const 192) \"root ::= [a-c]+\") ";

    private final FakeModel model = new FakeModel(300, 64, false, false);
    private final Engine engine = Engines.start(model, 200, Engines.options());
    private final GuestFixture f = new GuestFixture(model, engine, new LetterTokenizer(false));
    private final LimitsBuilder limits = new LimitsBuilder();

    @AfterEach
    void nothingIsLeft() {
        f.close();
        assertThat(f.leases).as("open leases").hasValue(0);
        engine.drain(Engines.FOREVER);
        engine.assertAllBlocksFree();
        engine.close();
    }

    private static String guest(String body) {
        return GuestFixture.generates(body).replace("(global $next", DATA + "(global $next");
    }

    private Outcome run(String body) {
        f.limits = limits.build();
        f.params = SamplingParams.greedy(20);
        f.context = f.context();
        return f.run(guest(body));
    }

    private String number(String before, String expression) {
        Outcome o = run(before + "(call $number (block (result i32) " + expression + ") (i32.const 16))");
        assertThat(o.error()).isNull();
        return o.text();
    }

    /** A call of an import with constants; {@code s} is the sequence. */
    private static String call(String name, String... args) {
        StringBuilder out = new StringBuilder("(call $").append(name);
        for (String a : args) {
            out.append(a.equals("s") ? " (global.get $s)" : " (i32.const " + a + ")");
        }
        return out.append(')').toString();
    }

    private static String parsed(String text) {
        String[] parts = text.strip().split("\\s+");
        return call(parts[0], java.util.Arrays.copyOfRange(parts, 1, parts.length));
    }

    /** Calls with {@code s} for the sequence, and what they give; each on a sequence of its own. */
    private static final String BOUNDARIES = """
            seq_feed s 96 3 0 = 3
            seq_feed s 96 0 0 = 0
            seq_feed s 160 1 1 = 1
            seq_feed s 164 1 1 = -17
            seq_feed s 160 2 1 = -17
            seq_feed s 128 1 1 = -17
            seq_feed s 96 3 8 = -17
            seq_feed s 128 2 0 = -4
            seq_feed s 65535 2 0 = -3
            seq_feed s -1 2 0 = -3
            seq_feed s 96 -1 0 = -3
            seq_feed s 65532 2 1 = -3
            seq_feed s 0 1073741824 1 = -3
            seq_feed s 64 401 1 = -20
            seq_feed 99 96 3 0 = -22
            seq_feed 0 96 3 0 = -22
            seq_feed -1 96 3 0 = -22
            seq_start s 5 = 0
            seq_start s 0 = -17
            seq_start 7 5 = -22
            seq_start s -1 = 0
            seq_take s 4096 1000 = 0
            seq_take s 65536 0 = 0
            seq_take s 65530 7 = -3
            seq_take s -8 16 = -3
            seq_take 5 4096 100 = -22
            seq_info s 4096 16 = 16
            seq_info s 4096 0 = 16
            seq_info s 65528 16 = -3
            seq_info 3 4096 16 = -22
            seq_top s 3 4096 = 3
            seq_top s 0 4096 = -17
            seq_top s 257 4096 = -17
            seq_top s 128 65000 = -3
            seq_top s 1 -4 = -3
            seq_top 9 1 4096 = -22
            seq_score s 160 1 4096 = 1
            seq_score s 160 2 4096 = -17
            seq_score s 160 0 4096 = -15
            seq_score s 160 1 65533 = -3
            seq_score s 65533 1 4096 = -3
            seq_score s 64 401 4096 = -20
            seq_score 9 160 1 4096 = -22
            seq_fork 9 = -22
            seq_rollback s 2 = 0
            seq_rollback s 5 = 0
            seq_rollback s 6 = -17
            seq_rollback s -1 = -17
            seq_rollback 9 1 = -22
            seq_close s = 0
            seq_close 9 = -22
            seq_mask s 128 4 0 = 0
            seq_mask s 0 0 0 = 0
            seq_mask s 128 3 0 = -17
            seq_mask s 128 5 0 = -17
            seq_mask s 128 -1 0 = -17
            seq_mask s 65532 4 0 = -3
            seq_mask s 128 4 2 = -17
            seq_mask 9 128 4 0 = -22
            seq_allowed s 4096 4 = 4
            seq_allowed s 4096 3 = -17
            seq_allowed s 65521 4 = -3
            seq_allowed 9 4096 4 = -22
            seq_bias s 160 0 = 0
            seq_bias s 164 1 = -17
            seq_bias s 65532 1 = -3
            seq_bias s 0 -1 = -17
            seq_bias s 128 1 = -17
            seq_bias 9 160 0 = -22
            grammar 0 0 192 15 = handle
            grammar 0 4 192 15 = -17
            grammar 0 0 192 4 = -17
            grammar 9 0 192 15 = -5
            grammar 0 0 65530 15 = -3
            grammar 0 0 192 -1 = -3
            grammar 0 2 64 5 = handle
            grammar 0 3 64 5 = handle
            grammar 0 1 64 5 = -17
            grammar 0 2 128 4 = -4
            seq_grammar s 0 = 0
            seq_grammar s 1 = -22
            seq_grammar s -5 = -22
            seq_grammar 9 0 = -22
            seq_wait 4096 0 10 = -17
            seq_wait 4096 257 10 = -17
            seq_wait 65533 1 10 = -3
            seq_wait 128 1 10 = -22
            vocab 0 0 4096 65536 = -3
            vocab 0 0 4096 60000 = 128
            vocab 0 127 4096 5 = 1
            vocab 0 126 4096 9 = 1
            vocab 0 128 4096 100 = 0
            vocab 0 -1 4096 100 = 0
            vocab 0 0 65536 0 = 0
            vocab 7 0 4096 100 = -5
            """;

    /** Runs calls one after the other; the number of the first that gives something else than it should, or -1. */
    private String firstWrong(List<String> calls, String before, List<String> expected) {
        limits.generations = 1000;
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < calls.size(); i++) {
            String wrong = expected.get(i).equals("handle") ? "i32.lt_s" : "i32.ne";
            String than = expected.get(i).equals("handle") ? "1" : expected.get(i);
            body.append(OPEN).append(before).append("(if (").append(wrong).append(' ').append(parsed(calls.get(i)))
                    .append(" (i32.const ").append(than).append(")) (then (return (call $number (i32.const ").append(i)
                    .append(") (i32.const 16)))))\n(drop (call $seq_close (global.get $s)))");
        }
        Outcome o = run(body + "(call $number (i32.const -1) (i32.const 16))");
        assertThat(o.error()).isNull();
        return o.text().equals("-1") ? "none" : calls.get(Integer.parseInt(o.text()));
    }

    @Test
    void calls_withNumbersAtEveryBoundary_giveTheirErrorsOrResults() {
        List<String[]> cases = BOUNDARIES.lines().map(l -> l.split(" = ")).toList();
        assertThat(cases).hasSizeGreaterThan(80);
        assertThat(firstWrong(cases.stream().map(c -> c[0]).toList(), "", cases.stream().map(c -> c[1]).toList()))
                .isEqualTo("none");
    }

    @Test
    void calls_onAClosedSequence_areNoSuchHandle() {
        List<String> calls = List.of("seq_feed s 96 3 0", "seq_start s 5", "seq_take s 4096 100", "seq_info s 4096 16",
                "seq_top s 1 4096", "seq_score s 160 1 4096", "seq_fork s", "seq_rollback s 1", "seq_close s",
                "seq_mask s 128 4 0",
                "seq_allowed s 4096 4", "seq_bias s 160 0", "seq_grammar s 0");
        assertThat(firstWrong(calls, "(drop (call $seq_close (global.get $s)))", calls.stream().map(c -> "-22").toList()))
                .isEqualTo("none");
    }

    @Test
    void handle_ofAnotherRequest_isNoSuchHandle() {
        assertThat(number(OPEN, call("seq_info", "1", "4096", "16"))).isEqualTo("16");
        assertThat(number("", call("seq_info", "1", "4096", "16"))).isEqualTo("-22");
    }

    @Test
    void start_andTake_givesWhatTheModelSays() {
        String text = answer(OPEN + """
                (i32.store (i32.const 4000) (global.get $s))
                (drop (call $seq_start (global.get $s) (i32.const 6)))
                (loop $more
                  (drop (call $seq_wait (i32.const 4000) (i32.const 1) (i32.const 10000)))
                  (drop (call $seq_info (global.get $s) (i32.const 4016) (i32.const 16)))
                  (br_if $more (i32.lt_u (i32.load (i32.const 4024)) (i32.const 6))))
                (if (i32.ne (call $seq_take (global.get $s) (i32.const 4096) (i32.const 4096)) (i32.const 6)) (then unreachable))
                (i32.add (i32.const 4096) (i32.const 96))
                """);
        assertThat(text).isEqualTo(expected("hello", 6));
    }

    private String answer(String body) {
        Outcome o = run(body);
        assertThat(o.error()).isNull();
        return o.text();
    }

    private String expected(String prompt, int n) {
        int[] ids = model.generate(prompt.chars().toArray(), n);
        return new String(ids, 0, ids.length);
    }

    @Test
    void sequences_moreThanTheLimit_areRefusedByName() {
        assertThat(number(OPEN + "(drop (call $seq_fork (global.get $s)))".repeat(3), call("seq_fork", "s"))).isEqualTo("-20");
        assertThat(number(OPEN + (call("seq_open", "0", "0") + "(drop)").repeat(3), call("seq_open", "0", "0"))).isEqualTo("-20");
        String forkAndClose = "(drop (call $seq_close (call $seq_fork (global.get $s))))";
        assertThat(number(OPEN + forkAndClose.repeat(5), call("seq_fork", "s"))).isEqualTo("7");
        Outcome o = run(OPEN + forkAndClose.repeat(6) + "(drop (call $seq_fork (global.get $s))) (i32.const 0)");
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(o.message()).contains("forks: 6 allowed by guest_limits.forks, 7 reached");
    }

    @Test
    void positions_moreThanTheLimit_areRefusedAndForksCountWhatIsTheirOwn() {
        limits.sequences = new GuestLimits.Sequences(4, 6, 12);
        String fork = "(global.set $s (call $seq_fork (global.get $s)))";
        assertThat(number(OPEN + fork.repeat(3), call("seq_feed", "s", "96", "3", "0"))).isEqualTo("3");
        assertThat(number(OPEN + fork, call("seq_feed", "s", "64", "8", "0"))).isEqualTo("-20");
        assertThat(number(OPEN + call("seq_start", "s", "100") + "(drop)", call("seq_feed", "s", "64", "8", "0")))
                .isEqualTo("-20");
    }

    @Test
    void generatedTokens_ofAllSequences_stayWithinTheLimit() {
        limits.generatedTokens = 10;
        Outcome o = run(OPEN + """
                (drop (call $seq_start (global.get $s) (i32.const 7)))
                (global.set $s (call $seq_open (i32.const 0) (i32.const 0)))
                (drop (call $seq_feed (global.get $s) (i32.const 64) (i32.const 5) (i32.const 0)))
                (drop (call $seq_start (global.get $s) (i32.const 7)))
                (i32.store (i32.const 4000) (global.get $s))
                (loop $more
                  (drop (call $seq_wait (i32.const 4000) (i32.const 1) (i32.const 10000)))
                  (drop (call $seq_info (global.get $s) (i32.const 4016) (i32.const 16)))
                  (br_if $more (i32.eq (i32.load (i32.const 4016)) (i32.const 1))))
                (call $number (call $seq_start (global.get $s) (i32.const 7)) (i32.const 16))
                """);
        assertThat(o.error()).isNull();
        assertThat(o.text()).isEqualTo("-20");
        assertThat(o.result()).isNotNull().extracting(r -> r.usage().generatedTokens()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"unreachable", "(loop $l (br $l)) (i32.const 0)", "(i32.const 0)"})
    void guest_thatTrapsOrLoopsWithSequencesOpen_leavesNothing(String end) {
        limits.cpuTime = Duration.ofMillis(100);
        Outcome o = run(
                OPEN + "(drop (call $seq_start (global.get $s) (i32.const 250)))" + call("seq_fork", "s") + "(drop)" + end);
        assertThat(o.error()).isNotNull();
    }

    @Test
    void guest_thatNeverDecides_endsByItsDeadline() {
        limits.deadline = Duration.ofMillis(300);
        limits.cpuTime = Duration.ofSeconds(50);
        f.limits = limits.build();
        Outcome o = f.run(stepper("(loop $l (br $l)) (i32.const 0)"));
        assertThat(o.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    }

    @Test
    void sequences_withoutTheGrant_areRefusedAtRegistration() {
        limits.sequences = new GuestLimits.Sequences(0, 0, 0);
        f.limits = limits.build();
        for (String wat : new String[]{guest(OPEN + "(i32.const 0)"), stepper("(i32.const 0)")}) {
            try {
                f.host.register(GuestFixture.wasm(wat), f.limits);
                throw new AssertionError("registered");
            } catch (RealmException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.GUEST_REFUSED);
                assertThat(e.getMessage()).contains("guest_limits.sequences").contains("steers sequences");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"on_token", "_initialize"})
    void sequences_whereThereMayBeNone_areNotPermitted(String where) {
        String signature = where.equals("on_token") ? "(param i32 i32) (result i32)" : "";
        String wat = guest("(call $number (global.get $s) (i32.const 16))").replace("(func (export \"generate\")",
                "(func (export \"" + where + "\") " + signature + " (global.set $s " + call("seq_open", "0", "0") + ") "
                        + (where.equals("on_token") ? "(i32.const 0)" : "") + ") (func (export \"generate\")")
                .replace("(call $number (global.get $s)",
                        "(drop (call $generate (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 0) (i32.const 4096) (i32.const 999)))"
                                + "(call $number (global.get $s)");
        f.limits = limits.build();
        assertThat(f.run(wat).text()).endsWith("-18");
    }

    /** Generates through {@code on_step} with this body; the answer is what that passes on. */
    private static String stepper(String body) {
        return GuestFixture.guest(DATA + GuestFixture.BASICS
                + """
                        (global $steps (mut i32) (i32.const 0))
                        (func (export "on_step") (param $seq i32) (param $records i32) (param $count i32) (result i32)
                          (if (i32.lt_s (local.get $count) (i32.const 1)) (then (return (i32.const 0))))
                          (global.set $steps (i32.add (global.get $steps) (i32.const 1)))
                          %s)
                        (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
                          (if (i32.lt_s (call $generate (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 0) (i32.const 4096) (i32.const 4096)) (i32.const 0))
                            (then (return (i32.const 0))))
                          (i32.const 4096))
                        """
                        .formatted(body));
    }

    private String stepped(String body) {
        f.limits = limits.build();
        f.params = SamplingParams.greedy(12);
        f.context = f.context();
        Outcome o = f.run(stepper(body));
        assertThat(o.error()).isNull();
        return o.text();
    }

    @Test
    void onStep_thatPassesAll_givesWhatTheModelSays() {
        assertThat(stepped("(i32.const 0)")).isEqualTo(expected("hello", 12));
        f.stream = true;
        assertThat(stepped("(i32.const 0)")).isEqualTo(expected("hello", 12));
    }

    @Test
    void onStep_stopsSwallowsAndSplices_asItSays() {
        String all = expected("hello", 12);
        assertThat(stepped("(select (i32.const 2) (i32.const 0) (i32.eq (global.get $steps) (i32.const 4)))"))
                .isEqualTo(all.substring(0, 4));
        String spliced = all.substring(0, 4) + "xyz";
        String more = expected("hello" + spliced, 8);
        assertThat(stepped("(if (i32.eq (global.get $steps) (i32.const 4)) (then (drop " + "(call $seq_feed (local.get $seq)"
                + " (i32.const 96) (i32.const 3) (i32.const 0))))) (i32.const 0)")).isEqualTo(spliced + more);
    }

    @Test
    void onStep_rollsBackAndMasks_theTokensNeverWere() {
        // at the fifth token three are taken back and x must come
        String body = """
                (if (i32.eq (global.get $steps) (i32.const 5)) (then
                  (drop (call $seq_rollback (local.get $seq) (i32.const 3)))
                  (i32.store (i32.const 300) (i32.const 0x01000000))
                  (drop (call $seq_mask (local.get $seq) (i32.const 288) (i32.const 4) (i32.const 0)))
                  (return (i32.const 3))))
                (i32.const 1)
                """;
        String all = expected("hello", 12);
        String kept = all.substring(0, 2) + "x";
        String more = expected("hello" + kept, 6);
        assertThat(stepped(body)).isEqualTo(kept + more);
    }

    @Test
    void onStep_startsOrClosesItsOwnSequence_isNotPermitted() {
        String all = expected("hello", 12);
        assertThat(stepped("(if (i32.ne (call $seq_start (local.get $seq) (i32.const 3)) (i32.const -18)) (then unreachable))"
                + "(if (i32.ne (call $seq_close (local.get $seq)) (i32.const -18)) (then unreachable)) (i32.const 0)"))
                .isEqualTo(all);
    }

    @Test
    void onStep_returnsSomethingElse_breaksTheAbi() {
        f.limits = limits.build();
        Outcome o = f.run(stepper("(i32.const 4)"));
        assertThat(o.code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(o.message()).contains("on_step returned 4");
    }

    @Test
    void grammar_thatExplodes_isRefusedWithinItsTime() {
        String grammar = "root ::= " + "(".repeat(40) + "a*" + ")*".repeat(40);
        String wat = guest(
                "(call $number " + call("grammar", "0", "0", "600", String.valueOf(grammar.length())) + " (i32.const 16))")
                .replace("(global $next", "(data (i32.const 600) \"" + grammar + "\") (global $next");
        f.limits = limits.build();
        f.context = f.context();
        Outcome o = f.run(wat);
        assertThat(o.error()).isNull();
        assertThat(Integer.parseInt(o.text())).isNotZero();
    }
}
