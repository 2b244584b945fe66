package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.Engines;
import ai.realm.runtime.engine.FakeModel;
import ai.realm.runtime.guest.GuestFixture.LimitsBuilder;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.LetterTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The examples that think in tokens, in JavaScript and in C, on an engine whose model says what is known before. */
@Timeout(120)
class TokenScriptsTest {
    private static FakeModel model;
    private static Engine engine;
    private static GuestFixture f;

    @BeforeAll
    static void start() {
        model = new FakeModel(300, 64, false, false);
        engine = Engines.start(model, 200, Engines.options());
        f = new GuestFixture(model, engine, new LetterTokenizer(false));
    }

    @AfterAll
    static void close() {
        f.close();
        engine.drain(Engines.FOREVER);
        engine.assertAllBlocksFree();
        engine.close();
    }

    @BeforeEach
    void reset() {
        LimitsBuilder limits = new LimitsBuilder();
        limits.memoryPages = 256;
        limits.sequences = GuestLimits.Sequences.defaults();
        f.limits = limits.build();
        f.context = f.context();
        f.config.clear();
        f.params = SamplingParams.greedy(40).toBuilder().logitBias(biases()).build();
        f.prompt = "hello";
        f.stream = false;
    }

    /** Where the model finds all but one token equally likely: letters before signs, blanks after those, and no end. */
    private static Map<Integer, Float> biases() {
        Map<Integer, Float> all = new HashMap<>();
        for (int id = 0; id < FakeModel.VOCAB; id++) {
            if (id < 'a' || id > 'z') {
                all.put(id, id == 0 ? -1000f : id <= ' ' ? -8f : -5f);
            }
        }
        return all;
    }

    private static String answer(String source) {
        Outcome o = f.run(GuestScripts.javascript(source.getBytes(StandardCharsets.UTF_8)));
        assertThat(o.error()).isNull();
        return o.text();
    }

    private static String example(String name) throws IOException {
        return answer(Files.readString(Path.of("../examples/javascript", name + ".js")));
    }

    private static String module(String name) throws IOException {
        Path examples = Path.of(System.getProperty("realm.examples", "../examples"));
        Outcome o = f.run(Files.readAllBytes(examples.resolve(name).resolve(name + ".wasm")));
        assertThat(o.error()).isNull();
        return o.text();
    }

    private static String expected(String prompt, int n) {
        int[] ids = model.generate(prompt.chars().toArray(), n);
        return new String(ids, 0, ids.length);
    }

    @Test
    void forkBest_givesOneOfTheForks() throws IOException {
        assertThat(example("fork-best")).hasSize(48);
    }

    @Test
    void forkVote_givesWhatMostEndWith() throws IOException {
        assertThat(example("fork-vote")).matches("[a-z]+");
    }

    @Test
    void scoreClassifier_givesTheLabelThatTheModelWouldWrite() throws IOException {
        String right = expected("hello", 3);
        f.config.put("labels", "zzz," + right + ",qqq");
        assertThat(example("score-classifier")).matches("\\{\"label\":\"" + right + "\",\"probability\":(1|0\\.9\\d*)}");
    }

    @Test
    void jsonInside_holdsThePartAlone() throws IOException {
        String before = expected("hello", 16);
        assertThat(example("json-inside")).matches(before + "\nMood: \\{\"mood\": ?\"(good|bad)\"}\n[a-z]{16}");
    }

    @Test
    void noLetter_hasNone() throws IOException {
        f.config.put("letters", "aeiou");
        assertThat(expected("hello", 40)).containsPattern("[aeiou]");
        assertThat(example("no-letter")).hasSize(64).doesNotContainPattern("(?i)[aeiou]");
    }

    @Test
    void watermark_strongEnough_choosesOtherTokens() throws IOException {
        f.config.put("strength", "0");
        assertThat(example("watermark")).isEqualTo(expected("hello", 40));
        f.config.put("strength", "30");
        assertThat(example("watermark")).hasSize(40).isNotEqualTo(expected("hello", 40));
    }

    @Test
    void backtrack_bannedWords_neverReachTheClient() throws IOException {
        String plain = expected("hello", 40);
        f.config.put("banned", plain.substring(3, 6) + "," + plain.substring(20, 21));
        for (boolean stream : new boolean[]{false, true}) {
            f.stream = stream;
            f.context = f.context();
            assertThat(example("backtrack")).startsWith(plain.substring(0, 3)).hasSizeGreaterThan(20)
                    .doesNotContain(plain.substring(3, 6)).doesNotContain(plain.substring(20, 21));
        }
    }

    @Test
    void spliceTool_aCall_getsItsResultAndTheModelGoesOn() throws IOException {
        String plain = expected("hello", 40);
        String source = Files.readString(Path.of("../examples/javascript/splice-tool.js")).replace(
                "/calc\\((\\d{1,9})([-+*])(\\d{1,9})\\)=$/",
                "/" + plain.substring(2, 5) + "()()()$/");
        assertThat(answer(source)).isEqualTo(plain.substring(0, 5) + "0 " + expected("hello" + plain.substring(0, 5) + "0 ", 35));
        f.context = f.context();
        assertThat(example("splice-tool")).isEqualTo(plain);
    }

    @Test
    void sequences_fromScripts_doWhatTheHeaderSays() {
        String source = """
                function generate(prompt) {
                  const s = realm.open({ temperature: 0 });
                  if (s.feed(prompt) !== 5 || s.feed([120, 121]) !== 2) return "feed";
                  s.rollback(2);
                  const fork = s.fork();
                  const a = s.generate(6);
                  fork.start(6);
                  if (realm.wait([fork]) !== fork) return "wait";
                  const b = fork.text();
                  if (a !== b) return `fork ${a} ${b}`;
                  if (fork.info().state !== "full" || fork.info().length !== 11) return "info";
                  if (s.top(3).length !== 3) return "top";
                  if (realm.vocabulary() !== 128 || realm.tokenize("abc").join() !== "97,98,99") return "vocabulary";
                  if (s.allowed().length !== 4) return "allowed";
                  s.grammar(realm.grammar("choices", ["one", "two"]));
                  const c = s.generate(9);
                  if (c !== "one" && c !== "two") return c;
                  s.close();
                  try { s.top(1); } catch (e) { return `${e.code} ${a}`; }
                }
                """;
        assertThat(answer(source)).isEqualTo("-22 " + expected("hello", 6));
    }

    @Test
    void noLetter_inC_masksEachTokenByHand() throws IOException {
        f.config.put("letters", "aeiou");
        assertThat(module("no-letter")).hasSize(40).doesNotContainPattern("(?i)[aeiou]");
        f.config.put("letters", "#");
        f.context = f.context();
        assertThat(module("no-letter")).isEqualTo(expected("hello", 40));
    }

    @Test
    void backtrack_inC_takesBackFourTokens() throws IOException {
        String plain = expected("hello", 40);
        f.config.put("banned", plain.substring(10, 13));
        assertThat(module("backtrack")).startsWith(plain.substring(0, 9)).hasSize(36).doesNotContain(plain.substring(10, 13));
    }

    @Test
    void forks_inC_giveOneOfEight() throws IOException {
        assertThat(module("forks")).isEqualTo(expected("hello", 48));
    }

    /** Go's module is too large to be kept, so it is there only when the profile guest-toolchains has built it. */
    static Stream<String> languages() {
        return Stream.concat(Stream.of("assemblyscript", "rust", "zig"),
                System.getProperty("realm.sdk") == null ? Stream.of() : Stream.of("go"));
    }

    @ParameterizedTest
    @MethodSource("languages")
    void sequences_ofEachLanguage_doWhatTheirNamesSay(String language) throws IOException {
        LimitsBuilder limits = new LimitsBuilder();
        limits.memoryPages = 512;
        limits.tableElements = 10_000;
        limits.moduleBytes = 4 << 20;
        f.limits = limits.build();
        Path sdk = Path.of(System.getProperty("realm.sdk", "../sdk"));
        Outcome o = f.run(Files.readAllBytes(sdk.resolve(language).resolve("sequences/guest.wasm")));
        assertThat(o.error()).isNull();
        assertThat(o.text()).matches(expected("hello", 6) + "\\|(one|two)");
    }
}
