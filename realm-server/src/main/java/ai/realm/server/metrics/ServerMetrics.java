package ai.realm.server.metrics;

import ai.realm.runtime.guest.GuestLimit;
import ai.realm.runtime.guest.GuestListener;
import ai.realm.runtime.engine.EngineListener;
import ai.realm.runtime.engine.EngineSnapshot;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.metrics.Family.Counter;
import ai.realm.server.metrics.Family.Histogram;
import ai.realm.server.metrics.Family.Read;
import ai.realm.server.metrics.Family.Reading;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The server's metrics: {@code vllm:*} with the names and meanings that routers already understand, {@code realm_*} for tenants and
 * guests. Listens to engines, guests and requests. Thread-safe.
 */
public final class ServerMetrics implements EngineListener, GuestListener {
    private static final double[] SECONDS = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
            20,
            40, 80, 160, 640};
    private static final double[] TOKEN_SECONDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
            0.75,
            1, 2.5, 5};
    private static final String MODEL = "model_name";
    private static final double NANOS = 1e-9;
    /** As in the log and in the accounts. */
    private static final int SHOWN_DIGEST = 12;

    private final List<Family> families = new ArrayList<>();
    private volatile Supplier<List<EngineSnapshot>> snapshots = List::of;

    private final Histogram ttft = add(new Histogram("vllm:time_to_first_token_seconds",
            "Time from submission to the first token.", SECONDS, MODEL));
    private final Histogram itl = add(new Histogram("vllm:inter_token_latency_seconds", "Time between two tokens.", TOKEN_SECONDS,
            MODEL));
    private final Histogram e2e = add(
            new Histogram("vllm:e2e_request_latency_seconds", "Time from submission to the end.", SECONDS,
                    MODEL));
    private final Histogram queue = add(new Histogram("vllm:request_queue_time_seconds", "Time in the queue.", SECONDS, MODEL));
    private final Counter prompt = add(new Counter("vllm:prompt_tokens_total", "Prompt tokens of ended generations.", MODEL));
    private final Counter generated = add(new Counter("vllm:generation_tokens_total", "Generated tokens.", MODEL));
    private final Counter success = add(new Counter("vllm:request_success_total", "Generations that ended well.", MODEL,
            "finished_reason"));
    private final Counter requests = add(new Counter("realm_requests_total", "Requests by tenant and HTTP status.", "tenant",
            "status"));
    private final Counter refused = add(new Counter("realm_refused_total", "Requests refused before any work, by error code.",
            "code"));
    private final Counter ignored = add(new Counter("realm_ignored_parameters_total",
            "Parameters of requests that were not used; one label for all that the server does not know.", "parameter"));
    private final Counter tokens = add(new Counter("realm_tokens_total", "Tokens by tenant and kind.", "tenant", "kind"));
    private final Counter guestCpu = add(new Counter("realm_guest_cpu_seconds_total", "Processor time of guest code.", "tenant"));
    private final Counter guestRequests = add(
            new Counter("realm_guest_requests_total", "Requests run in guests, by the guest's version.",
                    "tenant", "guest", "failed"));
    private final Counter guestLimits = add(
            new Counter("realm_guest_limit_reached_total", "Limits that guests reached.", "tenant",
                    "limit"));
    private final Histogram instances = add(new Histogram("realm_guest_instance_seconds", "Time to make a guest instance.",
            new double[]{1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1}));
    private final Counter throttled = add(new Counter("realm_guest_throttled_seconds_total",
            "Time that guest code waited for the share of all guests.", "tenant"));

    private final Counter evicted = add(new Counter("realm_guest_code_evicted_total",
            "Compiled guests that were let go, as nobody had used them for long."));
    private final Histogram restored = add(new Histogram("realm_guest_code_restore_seconds",
            "Time to load a compiled guest again.", new double[]{1e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5}));

    public ServerMetrics() {
        engine("vllm:num_requests_running", "Sequences that run.", "gauge", EngineSnapshot::running);
        engine("vllm:num_requests_waiting", "Sequences in the queue.", "gauge", EngineSnapshot::waiting);
        engine("vllm:kv_cache_usage_perc", "Used part of the KV memory, 0 to 1.", "gauge", EngineSnapshot::kvUsage);
        engine("vllm:prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.", "counter",
                EngineSnapshot::prefixQueries);
        engine("vllm:prefix_cache_hits_total", "Prompt tokens found in the prefix cache.", "counter", EngineSnapshot::prefixHits);
        engine("vllm:num_preemptions_total", "Sequences preempted.", "counter", EngineSnapshot::preemptions);
        engine("vllm:spec_decode_num_draft_tokens_total", "Tokens guessed and computed.", "counter",
                EngineSnapshot::draftTokens);
        engine("vllm:spec_decode_num_accepted_tokens_total", "Guessed tokens that were right.", "counter",
                EngineSnapshot::acceptedDraftTokens);
        engine("realm_engine_steps_total", "Forward passes.", "counter", EngineSnapshot::steps);
        engine("realm_engine_step_seconds_total", "Time in forward passes.", "counter", s -> s.stepNanos() * NANOS);
        engine("realm_engine_forwarded_tokens_total", "Positions computed.", "counter", EngineSnapshot::forwardedTokens);
        add(new Read("vllm:cache_config_info", "The KV memory's layout.", "gauge", () -> snapshots.get().stream()
                .map(s -> new Reading(List.of(s.model(), Integer.toString(s.blockPositions()), Integer.toString(s.kvBlocks())),
                        1))
                .toList(), MODEL, "block_size", "num_gpu_blocks"));
    }

    private <F extends Family> F add(F family) {
        families.add(family);
        return family;
    }

    private void engine(String name, String help, String type, ToDoubleFunction<EngineSnapshot> value) {
        add(new Read(name, help, type, () -> snapshots.get().stream()
                .map(s -> new Reading(List.of(s.model()), value.applyAsDouble(s))).toList(), MODEL));
    }

    /** Where the engines' states come from. */
    public void engines(Supplier<List<EngineSnapshot>> source) {
        snapshots = source;
    }

    /** Where the models' states come from. */
    public void models(Supplier<List<ModelStatus>> source) {
        model("realm_model_ready", "Whether a model is in memory and warm.", source,
                s -> s.state() == ModelStatus.State.READY ? 1 : 0);
        model("realm_model_memory_bytes", "Memory held for a model: weights, KV blocks, logits.", source, ModelStatus::bytes);
        add(new Read("vllm:lora_requests_info",
                "When this was asked; the labels name the adapters that requests use or wait for.",
                "gauge", () -> List.of(new Reading(List.of("0", adapters(source, s -> s.state() == ModelStatus.State.LOADING),
                        adapters(source, s -> s.leases() > 0)), System.currentTimeMillis() / 1000.0)),
                "max_lora", "waiting_lora_adapters", "running_lora_adapters"));
        model("realm_model_leases", "Uses of a model that are open.", source, ModelStatus::leases);
    }

    private static String adapters(Supplier<List<ModelStatus>> source, Predicate<ModelStatus> which) {
        return source.get().stream().filter(s -> s.adapterOf() != null && which.test(s)).map(ModelStatus::name)
                .collect(Collectors.joining(","));
    }

    private void model(String name, String help, Supplier<List<ModelStatus>> source, ToDoubleFunction<ModelStatus> value) {
        add(new Read(name, help, "gauge",
                () -> source.get().stream().map(s -> new Reading(List.of(s.name()), value.applyAsDouble(s))).toList(), MODEL));
    }

    /** A gauge with one series. */
    public void gauge(String name, String help, Supplier<Number> value) {
        single(name, help, "gauge", value);
    }

    /** A counter with one series. */
    public void counter(String name, String help, Supplier<Number> value) {
        single(name, help, "counter", value);
    }

    private void single(String name, String help, String type, Supplier<Number> value) {
        add(new Read(name, help, type, () -> List.of(new Reading(List.of(), value.get().doubleValue()))));
    }

    /** Everything, in Prometheus' text format 0.0.4. */
    public String text() {
        StringBuilder out = new StringBuilder(8192);
        families.forEach(f -> f.write(out));
        return out.toString();
    }

    /** An admitted request has ended. */
    public void ended(RequestRecord r) {
        requests.add(1, r.tenant(), Integer.toString(r.status()));
        tokens.add(r.usage().promptTokens(), r.tenant(), "prompt");
        tokens.add(r.usage().cachedTokens(), r.tenant(), "cached");
        tokens.add(r.usage().generatedTokens(), r.tenant(), "generated");
    }

    /** A parameter of a request was not used; {@code name} is one that the server knows, or {@code unknown}. */
    public void ignored(String name) {
        ignored.add(1, name);
    }

    /** A request was refused before any work. */
    public void refused(String code) {
        refused.add(1, code.toLowerCase(Locale.ROOT));
    }

    @Override
    public void started(String model, String tenant, long queueNanos) {
        queue.observe(queueNanos * NANOS, model);
    }

    @Override
    public void firstToken(String model, String tenant, long ttftNanos) {
        ttft.observe(ttftNanos * NANOS, model);
    }

    @Override
    public void nextToken(String model, String tenant, long itlNanos) {
        itl.observe(itlNanos * NANOS, model);
    }

    @Override
    public void ended(String model, String tenant, String reason, @Nullable String errorCode, int promptTokens, int cachedTokens,
            int generatedTokens, long e2eNanos) {
        e2e.observe(e2eNanos * NANOS, model);
        prompt.add(promptTokens, model);
        generated.add(generatedTokens, model);
        if (errorCode == null) {
            success.add(1, model, reason);
        }
    }

    @Override
    public void limitReached(String tenant, GuestLimit limit) {
        guestLimits.add(1, tenant, limit.label());
    }

    @Override
    public void instanceCreated(String tenant, String digest, long nanos) {
        instances.observe(nanos * NANOS);
    }

    @Override
    public void requestEnded(String tenant, String digest, long cpuNanos, boolean failed) {
        guestCpu.add(cpuNanos * NANOS, tenant);
        guestRequests.add(1, tenant, digest.substring(0, Math.min(SHOWN_DIGEST, digest.length())), Boolean.toString(failed));
    }

    @Override
    public void evicted(String digest) {
        evicted.add(1);
    }

    @Override
    public void restored(String digest, long nanos) {
        restored.observe(nanos * NANOS);
    }

    @Override
    public void throttled(String tenant, long nanos) {
        throttled.add(nanos * NANOS, tenant);
    }
}
