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

    private String open(String prompt, int choice) {
        GenerateCommand command = new GenerateCommand(new RequestContext("r", "t", Long.MAX_VALUE), new Lease(),
                new TextPrompt(prompt, false), SamplingParams.defaults(), Priority.INTERACTIVE, choice);
        InferenceSession s = prompts.open(command, (c, n) -> {
            opened.add(prompt + "*" + n + " from " + c.choice());
            List<InferenceSession> all = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                all.add(new Session(prompt + (c.choice() + i), closed));
            }
            return all;
        });
        return ((Session) s).name;
    }

    @Test
    void open_inAnyOrder_givesEachChoiceItsOwnOfOneGroup() {
        prompts.expect(3);
        assertThat(open("a", 2)).isEqualTo("a2");
        assertThat(open("a", 0)).isEqualTo("a0");
        assertThat(open("a", 1)).isEqualTo("a1");
        assertThat(opened).containsExactly("a*3 from 0");
        assertThat(open("a", 1)).isEqualTo("a1");
        assertThat(opened).as("a second generation of a choice begins a group of its own").hasSize(2);
    }

    @Test
    void open_ofTwoPrompts_sharesEach() {
        prompts.expect(2);
        assertThat(open("a", 0)).isEqualTo("a0");
        assertThat(open("b", 0)).isEqualTo("b0");
        assertThat(open("a", 1)).isEqualTo("a1");
        assertThat(open("b", 1)).isEqualTo("b1");
        assertThat(opened).containsExactly("a*2 from 0", "b*2 from 0");
    }

    @Test
    void open_ofADifferentPromptByEveryChoice_beginsFewThatNobodyTakes() {
        prompts.expect(32);
        for (int choice = 0; choice < 32; choice++) {
            assertThat(open("prompt " + choice + " ", choice)).endsWith(" " + choice);
        }
        assertThat(opened).filteredOn(o -> o.contains("*32 ")).hasSize(2);
        assertThat(opened).filteredOn(o -> o.contains("*1 ")).hasSize(30);
    }

    @Test
    void close_endsWhatNobodyAskedForAndSharesNoMore() {
        prompts.expect(3);
        open("a", 0);
        prompts.close();
        assertThat(closed).containsExactly("a1", "a2");
        open("a", 1);
        assertThat(opened).containsExactly("a*3 from 0", "a*1 from 1");
    }
}
