package ai.realm.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.model.AdapterFixture;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionEvent.End;
import ai.realm.runtime.session.SessionEvent.Piece;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelSource;
import ai.realm.runtime.store.ModelStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** LoRA adapters of a real model: beside each other in one step, replaced while they are used, kept apart in the prefix cache. */
@Timeout(300)
class AdaptersTest {
    private static final Duration WAIT = Duration.ofSeconds(120);
    private static final String PROMPT = "The capital of France is the city of Paris. ".repeat(4) + "The capital of Italy is";
    private static InferenceRuntime runtime;
    @TempDir
    private static Path dir;

    @BeforeAll
    static void start() throws IOException {
        Path model = Path.of("..", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        List<ModelSource> sources = new ArrayList<>(List.of(new ModelSource("base", model, null, 512)));
        try (GgufFile file = GgufReader.open(model)) {
            for (int i = 1; i <= 4; i++) {
                Path adapter = dir.resolve(i + ".gguf");
                Files.write(adapter, AdapterFixture.random(file, 4, i, 0.7f).build());
                sources.add(adapter(i, i));
            }
        }
        Files.writeString(dir.resolve("bad.gguf"), "no adapter");
        sources.add(new ModelSource("base:bad", dir.resolve("bad.gguf"), null, 0, "base", 1));
        runtime = InferenceRuntime.start(RuntimeOptions.of(sources));
    }

    private static ModelSource adapter(int name, int file) {
        return new ModelSource("base:" + name, dir.resolve(file + ".gguf"), null, 0, "base", 1);
    }

    @AfterAll
    static void close() {
        runtime.close();
    }

    private record Answer(String text, End end) {}

    private static Answer generate(String tenant, String model, float scale) throws InterruptedException {
        RequestContext context = new RequestContext("r-" + tenant, tenant, System.nanoTime() + WAIT.toNanos());
        SamplingParams params = SamplingParams.greedy(12).toBuilder().extras(e -> e.adapterScale = scale).build();
        try (ModelLease lease = runtime.models().lease(model, WAIT);
                InferenceSession s = runtime.sessions()
                        .open(new GenerateCommand(context, lease, new TextPrompt(PROMPT, false), params, Priority.INTERACTIVE))) {
            StringBuilder text = new StringBuilder();
            while (true) {
                switch (s.next()) {
                    case Piece p -> text.append(p.text());
                    case SessionEvent.Prompt p -> throw new AssertionError("not asked for");
                    case End e -> {
                        if (e.error() != null) {
                            throw e.error();
                        }
                        return new Answer(text.toString(), e);
                    }
                }
            }
        }
    }

    @Test
    void sessions_severalAdaptersAtOnce_answerAsAlone() throws Exception {
        List<String> names = List.of("base", "base:1", "base:2", "base:3");
        List<String> alone = new ArrayList<>();
        for (String name : names) {
            alone.add(generate("alone", name, 1).text);
        }
        assertThat(alone).doesNotHaveDuplicates();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Answer>> together = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                int n = i;
                together.add(pool.submit(() -> generate("together" + n, names.get(n), 1)));
            }
            for (int i = 0; i < names.size(); i++) {
                assertThat(together.get(i).get().text).isEqualTo(alone.get(i));
            }
        }
    }

    @Test
    void sessions_scaleOfARequest_counts() throws Exception {
        String base = generate("scale", "base", 1).text;

        assertThat(generate("scale", "base:1", 0).text).isEqualTo(base);
        assertThat(generate("scale", "base:1", 1).text).isNotEqualTo(base);
    }

    @Test
    void sessions_samePromptWithAnotherAdapter_isNotFoundInThePrefixCache() throws Exception {
        generate("cache", "base", 1);
        assertThat(generate("cache", "base", 1).end.usage().cachedTokens()).isPositive();
        assertThat(generate("cache", "base:2", 1).end.usage().cachedTokens()).isZero();
        assertThat(generate("cache", "base:2", 1).end.usage().cachedTokens()).isPositive();
        assertThat(generate("cache", "base:2", 0.5f).end.usage().cachedTokens()).isZero();
        runtime.models().register(adapter(2, 2));
        assertThat(generate("cache", "base:2", 1).end.usage().cachedTokens()).as("another file may have come").isZero();
    }

    @Test
    void register_ofAnAdapterInUse_failsNoRequest() throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> clients = new ArrayList<>();
            for (int c = 0; c < 3; c++) {
                int client = c;
                clients.add(pool.submit(() -> {
                    int answers = 0;
                    while (!ended.get()) {
                        generate("client" + client, "base:4", 1);
                        answers++;
                    }
                    return answers;
                }));
            }
            for (int i = 0; i < 6; i++) {
                runtime.models().register(adapter(4, 1 + i % 4));
                generate("admin", "base:4", 1);
                runtime.models().unload("base:4", Duration.ZERO);
            }
            ended.set(true);
            for (Future<Integer> c : clients) {
                assertThat(c.get()).isPositive();
            }
        }
    }

    @Test
    void lease_ofAFileThatIsNoAdapter_saysSoAndOthersGoOn() throws Exception {
        assertThatThrownBy(() -> runtime.models().lease("base:bad", WAIT)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED)).hasMessageContaining("base:bad");
        assertThatThrownBy(() -> runtime.models().lease("base:none", WAIT)).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND));
        assertThat(generate("after", "base", 1).text).isNotEmpty();
        assertThat(runtime.models().list()).filteredOn(s -> s.name().equals("base:bad"))
                .extracting(ModelStatus::adapterOf, s -> s.state()).containsExactly(
                        org.assertj.core.groups.Tuple.tuple("base", ModelStatus.State.FAILED));
    }
}
