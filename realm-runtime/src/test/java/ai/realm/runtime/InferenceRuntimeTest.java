package ai.realm.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.engine.EngineSnapshot;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent.End;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionEvent.Piece;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The real default model, loaded once, with all that runs it. */
@Timeout(300)
class InferenceRuntimeTest {
    private static final String NAME = "smollm2-135m-instruct";
    private static final Duration WAIT = Duration.ofSeconds(120);
    private static final List<String> PROMPTS = List.of("The capital of France is", "Once upon a time, there was a",
            "def fibonacci(n):\n");
    private static InferenceRuntime runtime;

    @BeforeAll
    static void start() {
        Path file = Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        runtime = InferenceRuntime.start(RuntimeOptions.of(List.of(new ModelSource(NAME, file,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 2048))));
    }

    @AfterAll
    static void close() {
        // a snapshot is taken at the end of a step, in whose midst the last answer was given
        long limit = System.nanoTime() + WAIT.toNanos();
        while (runtime.snapshots().getFirst().kvBlocksUsed() > 0 && System.nanoTime() - limit < 0) {
            Thread.onSpinWait();
        }
        List<EngineSnapshot> last = runtime.snapshots();
        runtime.close();
        assertThat(last).singleElement().satisfies(s -> assertThat(s.kvBlocksUsed()).isZero());
    }

    private record Answer(String text, End end) {}

    private static Answer generate(String tenant, String prompt, int maxTokens) throws InterruptedException {
        RequestContext context = new RequestContext("r-" + tenant, tenant, System.nanoTime() + WAIT.toNanos());
        try (ModelLease lease = runtime.models().lease(NAME, WAIT);
                InferenceSession s = runtime.sessions().open(new GenerateCommand(context, lease, new TextPrompt(prompt, false),
                        SamplingParams.greedy(maxTokens), Priority.INTERACTIVE))) {
            StringBuilder text = new StringBuilder();
            while (true) {
                switch (s.next()) {
                    case Piece p -> text.append(p.text());
                    case SessionEvent.Prompt p -> throw new AssertionError("not asked for");
                    case End e -> {
                        return new Answer(text.toString(), e);
                    }
                }
            }
        }
    }

    @Test
    void sessions_capitalOfFrance_saysParis() throws Exception {
        Answer a = generate("paris", PROMPTS.getFirst(), 8);
        assertThat(a.text).contains("Paris");
        assertThat(a.end.usage().promptTokens()).isEqualTo(5);
        assertThat(a.end.reason()).isIn(FinishReason.LENGTH, FinishReason.STOP);
    }

    @Test
    void sessions_threeTenantsAtOnce_getTheSameTextAsAlone() throws Exception {
        List<String> alone = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            alone.add(generate("alone" + i, PROMPTS.get(i), 24).text);
        }
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> together = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int n = i;
                together.add(pool.submit(() -> generate("together" + n, PROMPTS.get(n), 24)));
            }
            for (int i = 0; i < 3; i++) {
                assertThat(together.get(i).get().text).isEqualTo(alone.get(i));
            }
        }
    }

    @Test
    void sessions_longPromptAgain_comesFromThePrefixCacheWithTheSameText() throws Exception {
        String prompt = "The quick brown fox jumps over the lazy dog. ".repeat(20);
        Answer first = generate("cache", prompt, 16);
        Answer again = generate("cache", prompt, 16);
        assertThat(first.end.usage().cachedTokens()).isZero();
        assertThat(again.end.usage().cachedTokens()).isGreaterThan(first.end.usage().promptTokens() - 33);
        assertThat(again.text).isEqualTo(first.text);
        assertThat(generate("other", prompt, 1).end.usage().cachedTokens()).isZero();
    }

    @Test
    void describe_saysKernelsAndSizes() {
        assertThat(runtime.describe()).anyMatch(l -> l.contains("kernels")).anyMatch(l -> l.contains("KV as F16"));
    }
}
