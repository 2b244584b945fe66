package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.Usage;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ShippedGuestsTest {
    private final GuestFixture f = new GuestFixture();
    private final byte[] passThrough = Guests.load("default");
    private final byte[] suffix = Guests.load("suffix");

    @AfterEach
    void close() {
        f.close();
        assertThat(f.sessions.open).as("open sessions").hasValue(0);
        assertThat(f.leases).as("open leases").hasValue(0);
    }

    @Test
    void default_unstreamed_oneAnswerWithUsage() {
        Outcome o = f.run(passThrough);
        assertThat(o.pieces()).containsExactly("Paris");
        assertThat(o.result()).isNotNull();
        assertThat(o.result().usage()).isEqualTo(new Usage(7, 0, 2));
        assertThat(o.result().generations()).isEqualTo(1);
        assertThat(o.result().reason()).isEqualTo(FinishReason.STOP);
        assertThat(f.cpuNanos).hasSize(1).allMatch(nanos -> nanos > 0);
    }

    @Test
    void default_streamed_piecesAsTheyCome() {
        f.stream = true;
        assertThat(f.run(passThrough).pieces()).containsExactly("Par", "is");
    }

    @Test
    void default_everyParameter_reachesTheSessionUnchanged() {
        f.params = new SamplingParams(33, 0.7f, 40, 0.9f, 0.05f, 0.8f, 1.1f, 0.3f, -0.4f, 77, 1L << 40 | 5, List.of(3, 70_000),
                List.of("stop", "é\n"), "root ::= \"a\"", null, Map.of(5, -1.5f), 4, 2, Set.of(7), null);
        f.run(passThrough);
        assertThat(f.sessions.last().params()).isEqualTo(f.params);
        assertThat(f.sessions.last().prompt())
                .isEqualTo(new GenerateCommand.TextPrompt("The capital of France is", false));
    }

    @Test
    void logProbs_textLeftAsItIs_comeStreamedAndNot() {
        f.params = f.params.toBuilder().logProbs(0).promptLogProbs(0).build();
        for (boolean stream : new boolean[]{false, true}) {
            f.shown.clear();
            f.shownOfPrompt.clear();
            f.stream = stream;
            assertThat(f.run(passThrough).text()).isEqualTo("Paris");
            assertThat(f.shown).as("streamed " + stream).containsExactly(0, 1);
            assertThat(f.shownOfPrompt).containsExactly(99);
        }
    }

    @Test
    void logProbs_textWithAnAddition_comeOnlyForWhatWasStreamed() {
        f.params = f.params.toBuilder().logProbs(0).build();
        f.run(suffix);
        assertThat(f.shown).as("the answer is another text than the model's").isEmpty();
        f.stream = true;
        f.run(suffix);
        assertThat(f.shown).containsExactly(0, 1);
    }

    @Test
    void default_promptAsIds_keepsThem() {
        f.promptTokens = new int[]{1, 2, 3};
        f.run(passThrough);
        assertThat(f.sessions.last().prompt()).isInstanceOfSatisfying(GenerateCommand.TokenPrompt.class,
                p -> assertThat(p.ids()).containsExactly(1, 2, 3));
    }

    @Test
    void default_answerOfAMegabyte_notCut() {
        List<String> pieces = Collections.nCopies(1000, "0123456789".repeat(100));
        f.params = SamplingParams.greedy(2000);
        f.sessions.answers(c -> pieces);
        assertThat(f.run(passThrough).text()).isEqualTo(String.join("", pieces));
    }

    @Test
    void default_promptLargerThanItsMemory_arrivesWhole() {
        f.prompt = "é".repeat(100_000);
        f.run(passThrough);
        assertThat(f.sessions.last().prompt()).isEqualTo(new GenerateCommand.TextPrompt(f.prompt, false));
    }

    @Test
    void default_promptTooLong_answersWithThatCause() {
        f.sessions.refuses(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the prompt has 9000 tokens, the context 2048");
        Outcome o = f.run(passThrough);
        assertThat(o.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
        assertThat(o.message()).contains("9000");
    }

    @Test
    void default_textWithNul_sameStreamedAndNot() {
        f.sessions.says("a\0b", "c");
        String whole = f.run(passThrough).text();
        f.stream = true;
        assertThat(f.run(passThrough).text()).isEqualTo(whole).isEqualTo("a\uFFFDbc");
    }

    @Test
    void suffix_streamedAndNot_sameTextWithSuffix() {
        String whole = f.run(suffix).text();
        f.stream = true;
        Outcome streamed = f.run(suffix);
        assertThat(streamed.pieces()).containsExactly("Par", "is", " [suffix guest]");
        assertThat(whole).isEqualTo(streamed.text());
    }

    @Test
    void suffix_longAnswer_suffixAtTheEnd() {
        for (int length : new int[]{8174, 8175, 8176, 8177, 65_535, 65_536, 131_071, 200_000}) {
            f.sessions.says("x".repeat(length));
            assertThat(f.run(suffix).text()).isEqualTo("x".repeat(length) + " [suffix guest]");
        }
    }

    @Test
    void register_sameBytesTwice_sameCode() {
        GuestModule first = f.host.register(passThrough, f.limits);
        assertThat(f.host.register(passThrough.clone(), f.limits)).isSameAs(first);
        assertThat(first.digest()).hasSize(64);
        assertThat(first.abiVersion()).isEqualTo(1);
    }
}
