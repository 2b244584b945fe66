package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What each example guest does. Runs the modules beside the sources in {@code examples/}, or those in the folder that
 * {@code realm.examples} names: the profile that has the tool chains builds them anew there.
 */
class ExampleGuestsTest {
    private static final Path EXAMPLES = Path.of(System.getProperty("realm.examples", "../examples"));

    private final GuestFixture f = new GuestFixture();

    @AfterEach
    void close() {
        f.close();
        assertThat(f.sessions.open).as("open sessions").hasValue(0);
    }

    private GuestModule example(String name) {
        try {
            return f.host.register(Files.readAllBytes(EXAMPLES.resolve(name).resolve(name + ".wasm")), f.limits);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String prompt(int index) {
        GenerateCommand command = f.sessions.commands.get(index);
        return ((TextPrompt) command.prompt()).text();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"write to jane.doe@example.com today | write to [e-mail] today",
            "jane@example.com | [e-mail]", "<jane+x@mail.example.org>, and bob@x.io. | <[e-mail]>, and [e-mail].",
            "card 4111 1111 1111 1111, thanks | card [card], thanks", "4111-1111-1111-1111 | [card]",
            "order 12 4111111111111111 paid | order 12 [card] paid",
            "not a card: 4111 1111 1111 1112 | not a card: 4111 1111 1111 1112",
            "see v1.2.3 @home and 3 - 4 = -1 | see v1.2.3 @home and 3 - 4 = -1", "2024 jane@x.org | 2024 [e-mail]",
            "prix: 12 € à Orléans, 1 234 567 | prix: 12 € à Orléans, 1 234 567"})
    void redact_whereverTheTextIsSplit_sameResult(String text, String expected) {
        GuestModule redact = example("redact");
        for (boolean stream : new boolean[]{false, true}) {
            f.stream = stream;
            for (int seed = 0; seed < 6; seed++) {
                List<String> pieces = split(text, seed);
                f.sessions.answers(c -> pieces);
                f.params = ai.realm.core.sampling.SamplingParams.greedy(1000);
                assertThat(f.run(redact).text()).as("split as %s", pieces).isEqualTo(expected);
            }
        }
    }

    /** Seed 0: one piece; 1: single characters; else at random places. */
    private static List<String> split(String text, int seed) {
        if (seed == 0) {
            return List.of(text);
        }
        Random random = new Random(seed);
        List<String> pieces = new java.util.ArrayList<>();
        for (int at = 0; at < text.length();) {
            int end = seed == 1 ? at + 1 : Math.min(text.length(), at + 1 + random.nextInt(7));
            pieces.add(text.substring(at, end));
            at = end;
        }
        return pieces;
    }

    @Test
    void redact_streams_whatCannotBecomePrivate() {
        f.stream = true;
        f.sessions.says("Dear ", "Sir, ", "mail me@", "x.org", " now");
        assertThat(f.run(example("redact")).pieces()).containsExactly("Dear", " ", "Sir", ", ", "mail", " ", "[e-mail]", " ",
                "now");
    }

    @Test
    void budget_longPrompt_keepsBothEnds() {
        f.config.put("max_prompt_tokens", "100");
        f.prompt = "BEGIN " + "filler ".repeat(100) + "END";
        f.run(example("budget"));
        assertThat(prompt(0)).startsWith("BEGIN ").endsWith("END").contains("[...]").hasSizeBetween(90, 100);
    }

    @Test
    void budget_shortPrompt_isUnchanged() {
        f.run(example("budget"));
        assertThat(prompt(0)).isEqualTo(f.prompt);
    }

    @Test
    void budget_multiByteText_isCutBetweenCharacters() {
        f.config.put("max_prompt_tokens", "31");
        f.prompt = "é".repeat(101);
        f.run(example("budget"));
        assertThat(prompt(0)).matches("é+\\n\\[\\.\\.\\.\\]\\né+");
    }

    @Test
    void router_choosesByPrompt() {
        f.config.put("small", "0");
        f.config.put("large", "1");
        GuestModule router = example("router");
        f.prompt = "short";
        f.run(router);
        f.prompt = "fix this: ```int x```";
        f.run(router);
        f.prompt = "x".repeat(401);
        f.run(router);
        assertThat(f.sessions.commands.stream().map(c -> c.model().name())).containsExactly("model-0", "model-1", "model-1");
    }

    @Test
    void router_toAModelThatIsNotGranted_saysSo() {
        f.config.put("small", "9");
        assertThat(f.run(example("router")).code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void jsonRetry_onlyWhatParsesReachesTheClient() {
        List<String> answers = List.of("Sure! {", "{\"a\": [1, 2.5e3, true], \"b\": \"\\u00e9\"}");
        f.sessions.answers(c -> List.of(answers.get(f.sessions.commands.size() - 1)));
        for (boolean stream : new boolean[]{false, true}) {
            f.stream = stream;
            f.sessions.commands.clear();
            Outcome o = f.run(example("json-retry"));
            assertThat(o.text()).isEqualTo(answers.get(1));
            assertThat(o.result()).isNotNull();
            assertThat(o.result().generations()).isEqualTo(2);
            assertThat(f.sessions.commands.get(1).params().temperature()).isGreaterThan(0);
        }
    }

    @Test
    void jsonRetry_givesUpAfterItsTries() {
        f.config.put("tries", "2");
        f.sessions.says("{\"a\":}");
        assertThat(f.run(example("json-retry")).code()).isEqualTo(ErrorCode.GUEST_FAILED);
        assertThat(f.sessions.commands).hasSize(2);
    }

    @Test
    void memory_nextRequest_remembersTheLast() {
        GuestModule memory = example("memory");
        f.prompt = "My name is Ada.";
        f.sessions.says(" Hello Ada.");
        f.run(memory);
        f.prompt = "Who am I?";
        f.stream = true;
        f.sessions.says(" You are Ada.");
        assertThat(f.run(memory).text()).isEqualTo(" You are Ada.");
        assertThat(prompt(1)).isEqualTo("Earlier: My name is Ada. Hello Ada.\nWho am I?");
    }

    @Test
    void memory_longConversation_isSummedUpByTheModel() {
        GuestModule memory = example("memory");
        f.prompt = "x".repeat(1300);
        f.sessions.answers(c -> List.of(f.sessions.commands.size() == 2 ? "SUMMARY" : "answer"));
        assertThat(f.run(memory).text()).isEqualTo("answer");
        assertThat(prompt(1)).startsWith("Sum up in two sentences:");
        assertThat(f.kv.get("default".getBytes(StandardCharsets.UTF_8))).asString(StandardCharsets.UTF_8).isEqualTo("SUMMARY");
    }
}
