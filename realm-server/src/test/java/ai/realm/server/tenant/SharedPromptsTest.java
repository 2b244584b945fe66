package ai.realm.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.Usage;
import ai.realm.runtime.store.ModelLease;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SharedPromptsTest {
    private final SharedPrompts prompts = new SharedPrompts();
    private final List<String> opened = new ArrayList<>();

    private record Session(String name, List<String> closed) implements InferenceSession {
        @Override
        public SessionEvent next() {
            return new SessionEvent.End(FinishReason.STOP, Usage.NONE, null);
        }

        @Override
        public void stop() {
        }

        @Override
        public void close() {
            closed.add(name);
        }
    }

    private record Lease() implements ModelLease {
        @Override
        public String name() {
            return "m";
        }

        @Override
        public ModelConfig config() {
            throw new AssertionError("nobody asks");
        }

        @Override
        public int contextLength() {
            return 10;
        }

        @Override
        public @Nullable Tokenizer tokenizer() {
            return null;
        }

        @Override
        public @Nullable ChatTemplate chatTemplate() {
            return null;
        }

        @Override
        public void close() {
        }
    }

    private final List<String> closed = new ArrayList<>();

    private String open(String prompt, @Nullable Long seed) {
        GenerateCommand command = new GenerateCommand(new RequestContext("r", "t", Long.MAX_VALUE), new Lease(),
                new TextPrompt(prompt, false), SamplingParams.defaults().toBuilder().seed(seed).build(), Priority.INTERACTIVE);
        InferenceSession s = prompts.open(command, (c, n) -> {
            opened.add(prompt + "*" + n + " from " + c.params().seed());
            List<InferenceSession> all = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                all.add(new Session(prompt + i, closed));
            }
            return all;
        });
        return ((Session) s).name;
    }

    @Test
    void open_withSeedsInAnyOrder_givesEachChoiceItsOwnOfOneGroup() {
        prompts.expect(3, 7L);
        assertThat(open("a", 9L)).isEqualTo("a2");
        assertThat(open("a", 7L)).isEqualTo("a0");
        assertThat(open("a", 8L)).isEqualTo("a1");
        assertThat(opened).containsExactly("a*3 from 7");
        assertThat(open("a", 8L)).isEqualTo("a1");
        assertThat(opened).as("a second generation of a choice begins a group of its own").hasSize(2);
    }

    @Test
    void open_withoutSeeds_takesWhatIsLeftOfTheSamePrompt() {
        prompts.expect(2, null);
        assertThat(open("a", null)).isEqualTo("a0");
        assertThat(open("b", null)).isEqualTo("b0");
        assertThat(open("a", null)).isEqualTo("a1");
        assertThat(open("b", null)).isEqualTo("b1");
        assertThat(opened).containsExactly("a*2 from null", "b*2 from null");
    }

    @Test
    void open_withASeedThatTheGuestChose_isAlone() {
        prompts.expect(2, 7L);
        assertThat(open("a", 100L)).isEqualTo("a0");
        prompts.expect(2, null);
        open("a", 5L);
        assertThat(opened).containsExactly("a*1 from 100", "a*1 from 5");
    }

    @Test
    void open_ofADifferentPromptByEveryChoice_beginsFewThatNobodyTakes() {
        prompts.expect(32, null);
        for (int choice = 0; choice < 32; choice++) {
            open("prompt " + choice + " ", null);
        }
        assertThat(opened).filteredOn(o -> o.contains("*32 ")).hasSize(2);
        assertThat(opened).filteredOn(o -> o.contains("*1 ")).hasSize(30);
    }

    @Test
    void close_endsWhatNobodyAskedForAndSharesNoMore() {
        prompts.expect(3, null);
        open("a", null);
        prompts.close();
        assertThat(closed).containsExactly("a1", "a2");
        open("a", null);
        assertThat(opened).containsExactly("a*3 from null", "a*1 from null");
    }
}
