package ai.realm.bench;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenRules;
import ai.realm.guest.Guests;
import ai.realm.runtime.InferenceRuntime;
import ai.realm.runtime.RuntimeOptions;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestListener;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What guests that look at every token cost a token, beside one that does not. The processor time of the guest's thread is the
 * difference of a long and a short request. The stream's speed is a part of the first guest's in the same round. To be run in the
 * checkout, where the embedded model is: {@code StepCost ROUNDS TOKENS FILE.wasm…}
 */
public final class StepCost {
    private static final String MODEL = "m";
    private static final String PROMPT = "Once upon a time there was";
    private static final String SETTINGS = "{\"letters\":\"#\"}";
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int SHORT = 16;
    /** With what ends the text forbidden, the sampler passes all candidates through its stages. */
    private static final boolean IGNORE_END = Boolean.getBoolean("realm.cost.ignore-end");

    private final InferenceRuntime runtime;
    private final GuestHost host;
    private final AtomicLong cpuNanos = new AtomicLong();

    private record Run(long cpuNanos, long nanos, int pieces) {}

    private StepCost(InferenceRuntime runtime) {
        this.runtime = runtime;
        this.host = GuestHost.start(runtime.sessions(), GuestHostOptions.defaults().withListener(new GuestListener() {
            @Override
            public void requestEnded(String tenant, String digest, long nanos, boolean failed) {
                cpuNanos.set(nanos);
            }
        }));
    }

    private Run run(GuestModule guest, int tokens) {
        SamplingParams params = SamplingParams.greedy(tokens).toBuilder()
                .tokenRules(new TokenRules(IGNORE_END, 0, Set.of(), List.of())).build();
        RequestContext context = new RequestContext("bench", "bench", System.nanoTime() + PATIENCE.toNanos());
        List<Long> at = new ArrayList<>();
        GuestCall call = new GuestCall(context, PROMPT, null, true, params, true, SETTINGS,
                _ -> runtime.models().lease(MODEL, PATIENCE), Map.of(), GuestPairs.NO_STORE, Priority.INTERACTIVE);
        host.run(guest, call, GuestLimits.defaults(), piece -> at.add(System.nanoTime()));
        return new Run(cpuNanos.get(), at.getLast() - at.getFirst(), at.size());
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElse(0.0);
    }

    private void measure(int rounds, int tokens, Map<String, GuestModule> guests) {
        Map<String, List<Double>> micros = new LinkedHashMap<>();
        Map<String, List<Double>> speed = new LinkedHashMap<>();
        for (int round = -1; round < rounds; round++) {
            double first = 0;
            for (Map.Entry<String, GuestModule> guest : guests.entrySet()) {
                Run few = run(guest.getValue(), SHORT);
                Run many = run(guest.getValue(), tokens);
                double each = (double) many.nanos() / many.pieces();
                first = first == 0 ? each : first;
                if (round >= 0) {
                    micros.computeIfAbsent(guest.getKey(), g -> new ArrayList<>())
                            .add((many.cpuNanos() - few.cpuNanos()) / 1e3 / (many.pieces() - few.pieces()));
                    speed.computeIfAbsent(guest.getKey(), g -> new ArrayList<>()).add(first / each);
                }
            }
        }
        System.out.printf("%-12s %22s %8s%n", "guest", "us of guest CPU/token", "speed");
        micros.forEach((name, values) -> System.out.printf("%-12s %22.1f %7.3fx   %s%n", name, median(values),
                median(speed.get(name)), values.stream().map("%.1f"::formatted).toList()));
    }

    public static void main(String[] args) throws IOException {
        Path file = Path.of("models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        RuntimeOptions options = RuntimeOptions.of(List.of(new ModelSource(MODEL, file, null, 0)))
                .withEngine(EngineOptions.defaults().withDrafts(false));
        try (InferenceRuntime runtime = InferenceRuntime.start(options);
                ModelLease _ = runtime.models().lease(MODEL, PATIENCE)) {
            StepCost cost = new StepCost(runtime);
            Map<String, GuestModule> guests = new LinkedHashMap<>();
            guests.put("plain", cost.host.register(Guests.load("default"), GuestLimits.defaults()));
            for (String wasm : List.of(args).subList(2, args.length)) {
                Path path = Path.of(wasm);
                guests.put(path.getFileName().toString(), cost.host.register(Files.readAllBytes(path), GuestLimits.defaults()));
            }
            cost.measure(Integer.parseInt(args[0]), Integer.parseInt(args[1]), guests);
            cost.host.close();
        }
    }
}
