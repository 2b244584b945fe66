package ai.realm.bench;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.guest.Guests;
import ai.realm.runtime.InferenceRuntime;
import ai.realm.runtime.RuntimeOptions;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestKvStore;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The same request, by the session directly and through a guest in a fresh instance: what the guest's path adds is the difference,
 * at the median and at the 99th percentile. To be run in the checkout, where the embedded model is.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 4, time = 5)
@SuppressWarnings("NullAway.Init")
public class GuestPairs {
    private static final String MODEL = "m";
    private static final String PROMPT = "The capital of France is";
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @Param({"1", "8"})
    private int tokens;

    private InferenceRuntime runtime;
    private GuestHost host;
    private GuestModule guest;
    private ModelLease lease;
    private SamplingParams params;

    static final GuestKvStore NO_STORE = new GuestKvStore() {
        @Override
        public byte @Nullable [] get(byte[] key) {
            return null;
        }

        @Override
        public boolean set(byte[] key, byte[] value) {
            return false;
        }

        @Override
        public boolean delete(byte[] key) {
            return false;
        }

        @Override
        public boolean update(byte[] key, UnaryOperator<byte @Nullable []> change) {
            return false;
        }

        @Override
        public boolean put(byte[] key, byte[] value, long seconds) {
            return false;
        }

        @Override
        public List<Listed> list(byte[] prefix, byte[] after, int most) {
            return List.of();
        }

        @Override
        public List<Held> held(byte[] prefix, int valueBytes, int most) {
            return List.of();
        }

        @Override
        public long bytes() {
            return 0;
        }
    };

    @Setup
    public void start() {
        Path file = Path.of("models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        runtime = InferenceRuntime.start(RuntimeOptions.of(List.of(new ModelSource(MODEL, file, null, 0))));
        host = GuestHost.start(runtime.sessions(), GuestHostOptions.defaults());
        guest = host.register(Guests.load("default"), GuestLimits.defaults());
        lease = runtime.models().lease(MODEL, PATIENCE);
        params = SamplingParams.greedy(tokens);
    }

    @TearDown
    public void stop() {
        lease.close();
        host.close();
        runtime.close();
    }

    private static RequestContext context() {
        return new RequestContext("bench", "bench", System.nanoTime() + PATIENCE.toNanos());
    }

    @Benchmark
    public int direct() throws InterruptedException {
        int characters = 0;
        GenerateCommand command = new GenerateCommand(context(), lease, new TextPrompt(PROMPT, true), params,
                Priority.INTERACTIVE);
        try (InferenceSession session = runtime.sessions().open(command)) {
            while (session.next() instanceof SessionEvent.Piece piece) {
                characters += piece.text().length();
            }
        }
        return characters;
    }

    @Benchmark
    public int throughTheGuest() {
        int[] characters = new int[1];
        GuestCall call = new GuestCall(context(), PROMPT, null, true, params, true, "{}",
                _ -> runtime.models().lease(MODEL, PATIENCE), Map.of(), NO_STORE, Priority.INTERACTIVE);
        host.run(guest, call, GuestLimits.defaults(), piece -> characters[0] += piece.length());
        return characters[0];
    }
}
