package ai.realm.server.metrics;

import ai.realm.runtime.engine.EngineSnapshot;
import ai.realm.runtime.store.ModelStatus;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What engines and models say of themselves when they are asked: under {@code vllm:} one series for the whole process, as routers read
 * it, and under {@code realm_} one for each model, whether it is loaded or not. Counters go on where a model that is loaded again begins
 * anew. Thread-safe.
 */
final class EngineMetrics {
    private static final String MODEL = "model_name";
    private static final double NANOS = 1e-9;

    private final PrometheusRegistry registry;
    private volatile Supplier<List<EngineSnapshot>> snapshots = List::of;
    private volatile Supplier<List<ModelStatus>> models = List::of;
    /** Of each model the last state of the engine that ended last; guarded by this. */
    private final Map<String, EngineSnapshot> ended = new HashMap<>();
    /** Of each model what all engines that ended have counted; guarded by this. */
    private final Map<String, EngineSnapshot> before = new HashMap<>();

    EngineMetrics(PrometheusRegistry registry) {
        this.registry = registry;
        gauge("vllm:num_requests_running", "realm_model_sequences_running", "Sequences that run.", EngineSnapshot::running);
        gauge("vllm:num_requests_waiting", "realm_model_sequences_waiting", "Sequences in the queue.", EngineSnapshot::waiting);
        counter("vllm:prefix_cache_queries_total", "realm_model_prefix_cache_queries_total",
                "Prompt tokens looked up in the prefix cache.", EngineSnapshot::prefixQueries);
        counter("vllm:prefix_cache_hits_total", "realm_model_prefix_cache_hits_total",
                "Prompt tokens found in the prefix cache.", EngineSnapshot::prefixHits);
        counter("vllm:num_preemptions_total", "realm_model_preemptions_total", "Sequences preempted.",
                EngineSnapshot::preemptions);
        counter("vllm:spec_decode_num_draft_tokens_total", "realm_model_draft_tokens_total", "Tokens guessed and computed.",
                EngineSnapshot::draftTokens);
        counter("vllm:spec_decode_num_accepted_tokens_total", "realm_model_accepted_draft_tokens_total",
                "Guessed tokens that were right.", EngineSnapshot::acceptedDraftTokens);
        perModel("realm_engine_steps_total", "Forward passes.", EngineSnapshot::steps);
        perModel("realm_engine_step_seconds_total", "Time in forward passes.", s -> s.stepNanos() * NANOS);
        perModel("realm_engine_forwarded_tokens_total", "Positions computed.", EngineSnapshot::forwardedTokens);
        usage();
        older();
        states();
    }

    void engines(Supplier<List<EngineSnapshot>> source) {
        snapshots = source;
    }

    void models(Supplier<List<ModelStatus>> source) {
        models = source;
    }

    /** Names of the models that there are, loaded or not. */
    List<String> names() {
        return models.get().stream().filter(s -> s.adapterOf() == null).map(ModelStatus::name).toList();
    }

    synchronized void closed(EngineSnapshot last) {
        ended.put(last.model(), last);
        before.merge(last.model(), last, EngineMetrics::sum);
    }

    /** Counters are added, states are those of {@code b}. */
    private static EngineSnapshot sum(EngineSnapshot a, EngineSnapshot b) {
        return new EngineSnapshot(b.model(), b.running(), b.waiting(), b.kvBlocks(), b.kvBlocksUsed(), b.blockPositions(),
                a.prefixQueries() + b.prefixQueries(), a.prefixHits() + b.prefixHits(), a.preemptions() + b.preemptions(),
                a.steps() + b.steps(), a.stepNanos() + b.stepNanos(), a.forwardedTokens() + b.forwardedTokens(),
                a.draftTokens() + b.draftTokens(), a.acceptedDraftTokens() + b.acceptedDraftTokens());
    }

    private static EngineSnapshot none(String model) {
        return new EngineSnapshot(model, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    /** Of every model: what its engine is now, with everything counted since the process was started. */
    private List<EngineSnapshot> now() {
        Map<String, EngineSnapshot> all = new LinkedHashMap<>();
        names().forEach(name -> all.put(name, none(name)));
        List<EngineSnapshot> running = snapshots.get();
        synchronized (this) {
            before.forEach((name, counted) -> all.put(name, sum(counted, none(name))));
            for (EngineSnapshot s : running) {
                // One that has just ended is counted already.
                if (!s.equals(ended.get(s.model()))) {
                    all.merge(s.model(), s, EngineMetrics::sum);
                }
            }
        }
        return List.copyOf(all.values());
    }

    private double total(ToDoubleFunction<EngineSnapshot> value) {
        return now().stream().mapToDouble(value).sum();
    }

    private void gauge(String all, String each, String help, ToDoubleFunction<EngineSnapshot> value) {
        gauge(all, help, () -> total(value));
        GaugeWithCallback.builder().name(each).help(help).labelNames(MODEL)
                .callback(c -> now().forEach(s -> c.call(value.applyAsDouble(s), s.model()))).register(registry);
    }

    private void gauge(String name, String help, Supplier<Double> value) {
        GaugeWithCallback.builder().name(name).help(help).callback(c -> c.call(value.get())).register(registry);
    }

    private void counter(String all, String each, String help, ToDoubleFunction<EngineSnapshot> value) {
        counter(all, help, value);
        perModel(each, help, value);
    }

    private void counter(String name, String help, ToDoubleFunction<EngineSnapshot> value) {
        CounterWithCallback.builder().name(name).help(help).callback(c -> c.call(total(value))).register(registry);
    }

    private void perModel(String name, String help, ToDoubleFunction<EngineSnapshot> value) {
        CounterWithCallback.builder().name(name).help(help).labelNames(MODEL)
                .callback(c -> now().forEach(s -> c.call(value.applyAsDouble(s), s.model()))).register(registry);
    }

    private void usage() {
        String help = "Used part of the KV memory, 0 to 1.";
        gauge("vllm:kv_cache_usage_perc", help, this::kvUsage);
        GaugeWithCallback.builder().name("realm_model_kv_cache_usage").help(help).labelNames(MODEL)
                .callback(c -> now().forEach(s -> c.call(s.kvUsage(), s.model()))).register(registry);
        GaugeWithCallback.builder().name("vllm:cache_config_info").help("The KV memory's layout; blocks of all models.")
                .labelNames("block_size", "num_gpu_blocks").callback(c -> c.call(1,
                        Long.toString((long) now().stream().mapToInt(EngineSnapshot::blockPositions).max().orElse(0)),
                        Long.toString((long) total(EngineSnapshot::kvBlocks))))
                .register(registry);
    }

    /** Of all models' blocks. */
    private double kvUsage() {
        double blocks = total(EngineSnapshot::kvBlocks);
        return blocks == 0 ? 0 : total(EngineSnapshot::kvBlocksUsed) / blocks;
    }

    /** The names of vLLM's first engine, which routers of its production stack read. */
    private void older() {
        gauge("vllm:gpu_cache_usage_perc", "The same as vllm:kv_cache_usage_perc.", this::kvUsage);
        counter("vllm:gpu_prefix_cache_queries_total", "The same as vllm:prefix_cache_queries_total.",
                EngineSnapshot::prefixQueries);
        counter("vllm:gpu_prefix_cache_hits_total", "The same as vllm:prefix_cache_hits_total.", EngineSnapshot::prefixHits);
        gauge("vllm:gpu_prefix_cache_hit_rate", "Hits of the prefix cache for each token looked up, since the start.", () -> {
            double queries = total(EngineSnapshot::prefixQueries);
            return queries == 0 ? 0 : total(EngineSnapshot::prefixHits) / queries;
        });
    }

    private void states() {
        state("realm_model_ready", "Whether a model is in memory and warm.",
                s -> s.state() == ModelStatus.State.READY ? 1 : 0);
        state("realm_model_memory_bytes", "Memory held for a model: weights, KV blocks, logits.", ModelStatus::bytes);
        state("realm_model_leases", "Uses of a model that are open.", ModelStatus::leases);
        GaugeWithCallback.builder().name("vllm:lora_requests_info")
                .help("When this was asked; the labels name the adapters that requests use or wait for.")
                .labelNames("max_lora", "waiting_lora_adapters", "running_lora_adapters")
                .callback(c -> c.call(System.currentTimeMillis() / 1000.0, "0",
                        adapters(s -> s.state() == ModelStatus.State.LOADING), adapters(s -> s.leases() > 0)))
                .register(registry);
    }

    private void state(String name, String help, ToDoubleFunction<ModelStatus> value) {
        Consumer<GaugeWithCallback.Callback> read = c -> models.get().forEach(s -> c.call(value.applyAsDouble(s), s.name()));
        GaugeWithCallback.builder().name(name).help(help).labelNames(MODEL).callback(read).register(registry);
    }

    private String adapters(Predicate<ModelStatus> which) {
        return models.get().stream().filter(s -> s.adapterOf() != null && which.test(s)).map(ModelStatus::name)
                .collect(Collectors.joining(","));
    }
}
