package ai.realm.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.engine.EngineSnapshot;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The default model with and without guesses. */
@Timeout(300)
class DraftsRuntimeTest {
    private static final String NAME = "smollm2-135m-instruct";
    private static final Duration WAIT = Duration.ofSeconds(120);
    private static final String COPY = "one two three four five six seven. ".repeat(6);
    private static final String SCHEMA = """
            {"type":"object","properties":{"first_name":{"enum":["Ann","Bob"]},"favourite_temperature":{"type":"integer","maximum":99},
            "is_employed":{"type":"boolean"}},"required":["first_name","favourite_temperature","is_employed"]}""";

    private static List<String> answers(boolean drafts, List<EngineSnapshot> last) throws InterruptedException {
        RuntimeOptions options = RuntimeOptions.of(List.of(new ModelSource(NAME,
                Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf"), null, 2048)));
        List<String> out = new ArrayList<>();
        try (InferenceRuntime runtime = InferenceRuntime.start(options.withEngine(EngineOptions.defaults().withDrafts(drafts)))) {
            for (SamplingParams params : List.of(SamplingParams.greedy(40),
                    SamplingParams.defaults().toBuilder().maxTokens(40).temperature(0.7f).seed(3L).build(),
                    SamplingParams.greedy(60).toBuilder().jsonSchema(SCHEMA).build())) {
                out.add(generate(runtime, params));
            }
            last.addAll(runtime.snapshots());
        }
        return out;
    }

    private static String generate(InferenceRuntime runtime, SamplingParams params) throws InterruptedException {
        RequestContext context = new RequestContext("r", "t", System.nanoTime() + WAIT.toNanos());
        StringBuilder text = new StringBuilder();
        try (ModelLease lease = runtime.models().lease(NAME, WAIT);
                InferenceSession s = runtime.sessions()
                        .open(new GenerateCommand(context, lease, new TextPrompt(COPY, false), params,
                                Priority.INTERACTIVE))) {
            for (SessionEvent e = s.next(); !(e instanceof SessionEvent.End); e = s.next()) {
                text.append(e instanceof SessionEvent.Piece p ? p.text() : "");
            }
        }
        return text.toString();
    }

    @Test
    void generate_withAndWithoutDrafts_isTheSameText() throws Exception {
        List<EngineSnapshot> with = new ArrayList<>();
        List<EngineSnapshot> without = new ArrayList<>();
        assertThat(answers(true, with)).isEqualTo(answers(false, without));
        assertThat(with.getFirst().acceptedDraftTokens()).isPositive();
        assertThat(without.getFirst().draftTokens()).isZero();
    }
}
