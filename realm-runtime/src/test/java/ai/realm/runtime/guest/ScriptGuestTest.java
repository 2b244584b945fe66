package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.GuestRefusal;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests in JavaScript: scripts for the engine that all of them share. */
class ScriptGuestTest {
    @TempDir
    static Path folder;

    private static GuestFixture f;

    @BeforeAll
    static void start() {
        f = new GuestFixture(GuestHostOptions.defaults().withCpuShare(1).withCompiledCache(folder));
    }

    @AfterAll
    static void close() {
        f.close();
    }

    @BeforeEach
    void reset() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.stackBytes = 1 << 20;
        f.limits = limits.build();
        f.context = f.context();
        f.config.clear();
        f.sessions.says("Par", "is");
    }

    private static byte[] script(String source) {
        return GuestScripts.javascript(source.getBytes(StandardCharsets.UTF_8));
    }

    private static Outcome run(String source) {
        return f.run(script(source));
    }

    private static String text(String source) {
        Outcome o = run(source);
        assertThat(o.error()).as(source).isNull();
        return o.text();
    }

    @Test
    void script_generatesAndAnswers() {
        f.config.put("signature", "Ada");
        assertThat(text("""
                function generate(prompt) {
                  const text = realm.generate(prompt, {temperature: 0, maxTokens: 7, stop: ["x"], stream: false});
                  return `${text} -- ${realm.setting("signature")} ${realm.setting("none")} ${realm.request().model}`;
                }""")).isEqualTo("Paris -- Ada null m");
        assertThat(f.sessions.last().params().maxTokens()).isEqualTo(7);
        assertThat(f.sessions.last().params().stopStrings()).containsExactly("x");
    }

    @Test
    void onToken_decidesAboutPieces_andEmitSends() {
        f.sessions.says("a", "b", "c", "d");
        assertThat(
                text("""
                        let seen = 0;
                        function onToken(piece) { seen++; return piece === "b" ? realm.SWALLOW : piece === "d" ? realm.STOP : realm.PASS; }
                        function generate(prompt) { realm.generate(prompt); realm.emit("!" + seen); return ""; }
                        """))
                .isEqualTo("ac!4");
    }

    @Test
    void answers_haveEndsEventsAndRefusals() {
        f.notices.clear();
        Outcome o = run("""
                function generate(p) {
                  realm.event("progress", {done: 1});
                  const text = realm.generate(p);
                  realm.finish("content_filter");
                  return text + realm.usage().generated;
                }""");
        assertThat(o.text()).isEqualTo("Paris2");
        assertThat(o.result().reason()).isEqualTo(ai.realm.runtime.session.FinishReason.CONTENT_FILTER);
        assertThat(f.notices).containsExactly("event progress {\"done\":1}");
        assertThat(run("function generate() { realm.refuse(429, 'over_budget', 'come back tomorrow'); }").error())
                .isInstanceOfSatisfying(GuestRefusal.class, r -> assertThat(r.reason()).isEqualTo("over_budget"));
    }

    @Test
    void store_countsAndSwaps() {
        assertThat(
                text("""
                        function generate() {
                          const {kv} = realm;
                          kv.set("k", "v"); kv.add("n", 2);
                          return [kv.get("k"), kv.get("none"), kv.add("n", 3), kv.swap("k", "v", "w"), kv.swap("k", "v", "x"), kv.delete("k"),
                            kv.delete("k")].join(",");
                        }"""))
                .isEqualTo("v,,5,true,false,true,false");
    }

    @Test
    void requests_shareNothing_andBeginWithWhatTheScriptLeft() {
        String source = "let n = 40; const big = Array.from({length: 100}, (_, i) => i); function generate() { n++; return n + big.length + ''; }";
        assertThat(text(source)).isEqualTo("141");
        assertThat(text(source)).isEqualTo("141");
    }

    @Test
    void promises_areWaitedFor() {
        assertThat(text("async function generate(p) { await null; return 'later'; }")).isEqualTo("later");
        assertThat(run("async function generate(p) { await new Promise(() => {}); }").code()).isEqualTo(ErrorCode.GUEST_FAILED);
    }

    @Test
    void hostError_isAnExceptionWithItsCode_andTheClientsCauseOtherwise() {
        assertThat(text(
                "function generate() { try { realm.generate('p', {model: 9}); } catch (e) { return e.code + ' ' + e.message; } }"))
                .startsWith("-5 realm_host_generate failed");
        assertThat(run("function generate() { realm.generate('p', {model: 9}); }").code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void faultyScripts_areRefusedWithWhy() {
        assertThatThrownBy(() -> run("function generate( {")).hasMessageContaining("SyntaxError")
                .hasMessageContaining("guest.js:1");
        assertThatThrownBy(() -> run("throw new Error('not\\ntoday')")).hasMessageContaining("Error: not today");
        assertThatThrownBy(() -> run("const a = 1;")).hasMessageContaining("no function generate");
        assertThatThrownBy(() -> run("realm.kv.set('a', 'b'); function generate() {}")).hasMessageContaining("the script failed");
        assertThatThrownBy(() -> run("")).hasMessageContaining("no function generate");
    }

    @Test
    void endlessScripts_areEnded() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.cpuTime = Duration.ofMillis(300);
        limits.compileTime = Duration.ofSeconds(1);
        f.limits = limits.build();
        assertThatThrownBy(() -> run("for (;;) {} function generate() {}")).hasMessageContaining("processor time");
        assertThat(run("function generate() { for (;;) {} }").code()).isEqualTo(ErrorCode.GUEST_LIMIT);
        assertThat(run("function generate() { return /(a+)+$/.test('a'.repeat(40) + 'b'); }").code())
                .isEqualTo(ErrorCode.GUEST_LIMIT);
    }

    @Test
    void deepRecursion_isAnExceptionOrALimit() {
        Outcome o = run(
                "function f(n) { return n ? 1 + f(n - 1) : 0; } function generate() { try { return '' + f(1e6); } catch (e) { return e.name; } }");
        assertThat(o.error() == null ? o.text() : o.code().name()).isIn("RangeError", "InternalError", "GUEST_LIMIT");
    }

    @Test
    void hungryScript_isLimitedToItsMemory() {
        Outcome o = run("function generate() { const a = []; for (;;) a.push('x'.repeat(65536) + a.length); }");
        assertThat(o.code()).isIn(ErrorCode.GUEST_LIMIT, ErrorCode.GUEST_FAILED);
    }

    @Test
    void nothingOfAMachine_isThere() {
        assertThat(text(
                "function generate() { return [typeof require, typeof process, typeof std, typeof os, typeof fetch, typeof setTimeout].join(); }"))
                .isEqualTo("undefined,undefined,undefined,undefined,undefined,undefined");
    }

    @Test
    void sourceWithTrailingBytesOfAnotherKind_isAnOrdinaryModule() {
        byte[] both = java.util.Arrays.copyOf(script("function generate() {}"), script("function generate() {}").length + 2);
        assertThatThrownBy(() -> f.run(both)).hasMessageContaining("refused");
    }

    @Test
    void random_isAnotherInEveryRequest() {
        String source = "function generate() { return Math.random() + ' ' + Math.random(); }";
        String first = text(source);
        assertThat(text(source)).isNotEqualTo(first);
        assertThat(first.split(" ")).doesNotHaveDuplicates()
                .allSatisfy(n -> assertThat(Double.parseDouble(n)).isBetween(0.0, 1.0));
    }

    @Test
    void scriptOverAnEngineThatIsGone_isEvaluatedAnew_andFoundFromThenOn(@TempDir Path own) throws IOException {
        byte[] script = script("const when = Math.random(); function generate() { return '' + when; }");
        GuestHostOptions options = GuestHostOptions.defaults().withCpuShare(1).withCompiledCache(own);
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            try (GuestFixture g = new GuestFixture(options)) {
                g.limits = f.limits;
                answers.add(g.run(script).text());
            }
            if (i == 0) {
                try (Stream<Path> files = Files.list(own)) {
                    Path largest = files.max(Comparator.comparingLong(p -> p.toFile().length())).orElseThrow();
                    Files.delete(largest);
                }
            }
        }
        assertThat(answers.get(1)).as("the engine is another").isNotEqualTo(answers.get(0));
        assertThat(answers.get(2)).as("found on the disk").isEqualTo(answers.get(1));
    }

    @Test
    void nextServer_findsScriptsOnTheDisk() {
        String source = "const when = Math.random(); function generate() { return '' + when; }";
        String first = text(source);
        try (GuestFixture g = new GuestFixture(GuestHostOptions.defaults().withCpuShare(1).withCompiledCache(folder))) {
            assertThat(g.run(script(source)).text()).isEqualTo(first);
        }
    }

    @Test
    void logitBias_keysAndLists_areThereForScripts() {
        f.kv.set("a/1".getBytes(StandardCharsets.UTF_8), new byte[0]);
        Outcome o = f.run(GuestScripts.javascript("""
                function generate(prompt) {
                  realm.kv.put("a/2", "x", 9);
                  realm.generate(prompt, { logitBias: { 5: -100, 7: 2.5 } });
                  return [realm.kv.list("a/"), realm.kv.list("a/", "a/1"), realm.kv.list("b")].map((l) => l.join()).join("|");
                }""".getBytes(StandardCharsets.UTF_8)));
        assertThat(o.error()).isNull();
        assertThat(o.text()).isEqualTo("a/1,a/2|a/2|");
        assertThat(f.sessions.last().params().logitBias()).isEqualTo(Map.of(5, -100f, 7, 2.5f));
    }
}
