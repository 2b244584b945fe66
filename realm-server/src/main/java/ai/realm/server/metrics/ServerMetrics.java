package ai.realm.server.metrics;

import ai.realm.runtime.engine.EngineListener;
import ai.realm.runtime.engine.EngineSnapshot;
import ai.realm.runtime.guest.GuestLimit;
import ai.realm.runtime.guest.GuestListener;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.server.accounts.RequestRecord;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The server's metrics: {@code vllm:*} with the names and meanings that routers already understand, as sums over all models, and
 * {@code realm_*} for models, tenants and guests. Listens to engines, guests and requests. Thread-safe.
 */
public final class ServerMetrics implements EngineListener, GuestListener {
    private static final double[] SECONDS = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
            20, 40, 80, 160, 640};
    private static final double[] TOKEN_SECONDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
            0.75, 1, 2.5, 5};
    private static final double[] TENANT_SECONDS = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
    private static final String MODEL = "model_name";
    private static final double NANOS = 1e-9;
    /** As in the log and in the accounts. */
    private static final int SHOWN_DIGEST = 12;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final EngineMetrics engines = new EngineMetrics(registry);
    private boolean jvm;

    private final Timed ttft = new Timed("time_to_first_token_seconds", "Time from submission to the first token.", SECONDS);
    private final Timed itl = new Timed("inter_token_latency_seconds", "Time between two tokens.", TOKEN_SECONDS);
    private final Timed e2e = new Timed("e2e_request_latency_seconds", "Time from submission to the end.", SECONDS);
    private final Timed queue = new Timed("request_queue_time_seconds", "Time in the queue.", SECONDS);
    private final Counted prompt = new Counted("prompt_tokens_total", "Prompt tokens of ended generations.");
    private final Counted generated = new Counted("generation_tokens_total", "Generated tokens.");
    private final Series<CounterDataPoint> success = counter("vllm:request_success_total", "Generations that ended well.",
            "finished_reason");
    private final Series<CounterDataPoint> generations = counter("realm_model_generations_total",
            "Generations that ended well.", MODEL, "finished_reason");
    private final Series<CounterDataPoint> requests = counter("realm_requests_total", "Requests by tenant and HTTP status.",
            "tenant", "status");
    private final Series<DistributionDataPoint> requestSeconds = histogram("realm_request_seconds",
            "Time from a request's admission to its end, by tenant.", TENANT_SECONDS, "tenant");
    private final Series<DistributionDataPoint> tenantTtft = histogram("realm_time_to_first_token_seconds",
            "Time from a generation's submission to its first token, by tenant.", TENANT_SECONDS, "tenant");
    private final Series<CounterDataPoint> refused = counter("realm_refused_total",
            "Requests refused before any work, by error code.", "code");
    private final Series<CounterDataPoint> ignored = counter("realm_ignored_parameters_total",
            "Parameters of requests that were not used; one label for all that the server does not know.", "parameter");
    private final Series<CounterDataPoint> tokens = counter("realm_tokens_total", "Tokens by tenant and kind.", "tenant", "kind");
    private final Series<CounterDataPoint> guestCpu = counter("realm_guest_cpu_seconds_total", "Processor time of guest code.",
            "tenant");
    private final Series<CounterDataPoint> guestRequests = counter("realm_guest_requests_total",
            "Requests run in guests, by the guest's version.", "tenant", "guest", "failed");
    private final Series<CounterDataPoint> guestLimits = counter("realm_guest_limit_reached_total", "Limits that guests reached.",
            "tenant", "limit");
    private final Series<CounterDataPoint> guestHttp = counter("realm_guest_http_requests_total",
            "HTTP requests that guests sent, by how they ended.", "tenant", "outcome");
    private final Series<DistributionDataPoint> instances = histogram("realm_guest_instance_seconds",
            "Time to make a guest instance.", new double[]{1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1});
    private final Series<CounterDataPoint> throttled = counter("realm_guest_throttled_seconds_total",
            "Time that guest code waited for the share of all guests.", "tenant");
    private final Series<CounterDataPoint> evicted = counter("realm_guest_code_evicted_total",
            "Compiled guests that were let go, as nobody had used them for long.");
    private final Series<DistributionDataPoint> restored = histogram("realm_guest_code_restore_seconds",
            "Time to load a compiled guest again.", new double[]{1e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5});

    /** A time under {@code vllm:} for the process, and for each model. */
    private final class Timed {
        private final DistributionDataPoint all;
        private final Series<DistributionDataPoint> each;

        Timed(String name, String help, double[] bounds) {
            all = histogram("vllm:" + name, help, bounds).of();
            each = histogram("realm_model_" + name, help, bounds, MODEL);
        }

        void observe(String model, long nanos) {
            all.observe(nanos * NANOS);
            each.of(model).observe(nanos * NANOS);
        }
    }

    /** The same for a number that grows. */
    private final class Counted {
        private final CounterDataPoint all;
        private final Series<CounterDataPoint> each;

        Counted(String name, String help) {
            all = counter("vllm:" + name, help).of();
            each = counter("realm_model_" + name, help, MODEL);
        }

        void add(String model, int amount) {
            all.inc(amount);
            each.of(model).inc(amount);
        }
    }

    private Series<CounterDataPoint> counter(String name, String help, String... labels) {
        Counter counter = Counter.builder().name(name).help(help).labelNames(labels).register(registry);
        return new Series<>(counter::labelValues);
    }

    private Series<DistributionDataPoint> histogram(String name, String help, double[] bounds, String... labels) {
        Histogram histogram = Histogram.builder().name(name).help(help).labelNames(labels).classicOnly()
                .classicUpperBounds(bounds).register(registry);
        return new Series<>(Series.MOST_HISTOGRAMS, histogram::labelValues);
    }

    /** Where the engines' states come from. */
    public void engines(Supplier<List<EngineSnapshot>> source) {
        engines.engines(source);
    }

    /** Where the models' states come from. */
    public void models(Supplier<List<ModelStatus>> source) {
        engines.models(source);
    }

    /** A gauge with one series. */
    public void gauge(String name, String help, Supplier<Number> value) {
        GaugeWithCallback.builder().name(name).help(help).callback(c -> c.call(value.get().doubleValue())).register(registry);
    }

    /** A counter with one series. */
    public void counter(String name, String help, Supplier<Number> value) {
        CounterWithCallback.builder().name(name).help(help).callback(c -> c.call(value.get().doubleValue())).register(registry);
    }

    /** Everything, in Prometheus' text format 0.0.4. */
    public String text() {
        return text(PrometheusTextFormatWriter.create());
    }

    /**
     * Everything in one of two formats.
     *
     * @param accept the header of who asks: OpenMetrics, which has exemplars, is given to those who name it
     */
    public Exposition exposition(@Nullable String accept) {
        ExpositionFormatWriter writer = accept != null && accept.contains("application/openmetrics-text")
                ? OpenMetricsTextFormatWriter.create()
                : PrometheusTextFormatWriter.create();
        return new Exposition(writer.getContentType(), text(writer));
    }

    /** What is answered to who asks for the metrics. */
    public record Exposition(String contentType, String text) {}

    private String text(ExpositionFormatWriter writer) {
        addJvm();
        // A model that nobody has asked yet has its series too.
        for (String model : engines.names()) {
            List.of(ttft, itl, e2e, queue).forEach(t -> t.each.of(model));
            List.of(prompt, generated).forEach(c -> c.each.of(model));
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 15);
        try {
            writer.write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** With the first question, as it takes a start longer than the server's own. */
    private synchronized void addJvm() {
        if (!jvm) {
            jvm = true;
            JvmMetrics.builder().register(registry);
        }
    }

    /**
     * An admitted request has ended.
     *
     * @param traceId of the trace that it belongs to, which becomes the exemplar of its time; null for none
     */
    public void ended(RequestRecord r, @Nullable String traceId) {
        requests.of(r.tenant(), Integer.toString(r.status())).inc();
        tokens.of(r.tenant(), "prompt").inc(r.usage().promptTokens());
        tokens.of(r.tenant(), "cached").inc(r.usage().cachedTokens());
        tokens.of(r.tenant(), "generated").inc(r.usage().generatedTokens());
        double seconds = Math.max(0, r.endedMillis() - r.begunMillis()) * 1e-3;
        DistributionDataPoint times = requestSeconds.of(r.tenant());
        if (traceId == null) {
            times.observe(seconds);
        } else {
            times.observeWithExemplar(seconds, Labels.of("trace_id", traceId));
        }
    }

    /** A parameter of a request was not used; {@code name} is one that the server knows, or {@code unknown}. */
    public void ignored(String name) {
        ignored.of(name).inc();
    }

    /** A request was refused before any work. */
    public void refused(String code) {
        refused.of(code.toLowerCase(Locale.ROOT)).inc();
    }

    @Override
    public void started(String model, String tenant, long queueNanos) {
        queue.observe(model, queueNanos);
    }

    @Override
    public void firstToken(String model, String tenant, long ttftNanos) {
        ttft.observe(model, ttftNanos);
        tenantTtft.of(tenant).observe(ttftNanos * NANOS);
    }

    @Override
    public void nextToken(String model, String tenant, long itlNanos) {
        itl.observe(model, itlNanos);
    }

    @Override
    public void ended(String model, String tenant, String reason, @Nullable String errorCode, int promptTokens, int cachedTokens,
            int generatedTokens, long e2eNanos) {
        e2e.observe(model, e2eNanos);
        prompt.add(model, promptTokens);
        generated.add(model, generatedTokens);
        if (errorCode == null) {
            success.of(reason).inc();
            generations.of(model, reason).inc();
        }
    }

    @Override
    public void closed(EngineSnapshot last) {
        engines.closed(last);
    }

    @Override
    public void limitReached(String tenant, GuestLimit limit) {
        guestLimits.of(tenant, limit.label()).inc();
    }

    /** An HTTP request of a guest has ended. */
    public void guestHttp(String tenant, String outcome) {
        guestHttp.of(tenant, outcome).inc();
    }

    @Override
    public void instanceCreated(String tenant, String digest, long nanos) {
        instances.of().observe(nanos * NANOS);
    }

    @Override
    public void requestEnded(String tenant, String digest, long cpuNanos, boolean failed) {
        guestCpu.of(tenant).inc(cpuNanos * NANOS);
        guestRequests.of(tenant, digest.substring(0, Math.min(SHOWN_DIGEST, digest.length())), Boolean.toString(failed)).inc();
    }

    @Override
    public void evicted(String digest) {
        evicted.of().inc();
    }

    @Override
    public void restored(String digest, long nanos) {
        restored.of().observe(nanos * NANOS);
    }

    @Override
    public void throttled(String tenant, long nanos) {
        throttled.of(tenant).inc(nanos * NANOS);
    }
}
