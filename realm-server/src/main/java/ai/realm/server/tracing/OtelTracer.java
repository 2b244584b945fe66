package ai.realm.server.tracing;

import ai.realm.runtime.session.RequestContext;
import ai.realm.server.config.TracingSettings;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Spans of requests, sent to a collector by OTLP in batches. A request's span has those of its guest, of the generation with the names of
 * the GenAI conventions, and below it of the queue, the prefill and the decoding. All but the first are made when the request has
 * ended, from the moments that it noted. What the collector does not take in time is dropped.
 */
public final class OtelTracer implements RequestTracer {
    private static final int QUEUE = 4096;
    private static final Duration DELAY = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration LAST = Duration.ofSeconds(2);

    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final AttributeKey<String> TENANT = AttributeKey.stringKey("realm.tenant");
    private static final AttributeKey<String> REQUEST = AttributeKey.stringKey("realm.request_id");
    private static final AttributeKey<String> GUEST = AttributeKey.stringKey("realm.guest");
    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
    private static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
    private static final AttributeKey<String> REQUEST_MODEL = AttributeKey.stringKey("gen_ai.request.model");
    private static final AttributeKey<String> RESPONSE_MODEL = AttributeKey.stringKey("gen_ai.response.model");
    private static final AttributeKey<Long> INPUT = AttributeKey.longKey("gen_ai.usage.input_tokens");
    private static final AttributeKey<Long> CACHED = AttributeKey.longKey("gen_ai.usage.cache_read.input_tokens");
    private static final AttributeKey<Long> OUTPUT = AttributeKey.longKey("gen_ai.usage.output_tokens");
    private static final AttributeKey<List<String>> FINISH = AttributeKey.stringArrayKey("gen_ai.response.finish_reasons");

    private final SdkTracerProvider provider;
    private final Tracer tracer;
    private final double ratio;

    public OtelTracer(TracingSettings settings, String version) {
        this(settings.ratio(), version,
                BatchSpanProcessor.builder(exporter(settings)).setMaxQueueSize(QUEUE).setScheduleDelay(DELAY)
                        .setExporterTimeout(TIMEOUT).build());
    }

    OtelTracer(double ratio, String version, SpanProcessor to) {
        this.ratio = ratio;
        Resource resource = Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), "realm",
                AttributeKey.stringKey("service.version"), version));
        provider = SdkTracerProvider.builder().setResource(resource)
                .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio))).addSpanProcessor(to).build();
        tracer = provider.get("ai.realm.server", version);
    }

    private static OtlpHttpSpanExporter exporter(TracingSettings settings) {
        OtlpHttpSpanExporterBuilder builder = OtlpHttpSpanExporter.builder().setEndpoint(settings.endpoint().toString())
                .setTimeout(TIMEOUT).setConnectTimeout(TIMEOUT).setCompression("gzip");
        settings.headers().forEach(builder::addHeader);
        return builder.build();
    }

    @Override
    public Trace begin(String path, @Nullable Parent parent) {
        SpanBuilder builder = tracer.spanBuilder("POST " + path).setSpanKind(SpanKind.SERVER);
        if (parent == null) {
            builder.setNoParent();
        } else {
            builder.setParent(Context.root().with(Span.wrap(SpanContext.createFromRemoteParent(parent.traceId(), parent.spanId(),
                    isSampled(parent) ? TraceFlags.getSampled() : TraceFlags.getDefault(), TraceState.getDefault()))));
        }
        return new Followed(path, builder.startSpan());
    }

    /** By chance instead of by the trace's id, which its caller has chosen. */
    private boolean isSampled(Parent parent) {
        Boolean said = parent.sampled();
        return said == null ? ThreadLocalRandom.current().nextDouble() < ratio : said;
    }

    private final class Followed implements Trace {
        private final String path;
        private final Span root;
        /** What is added to {@link System#nanoTime} for a time of day. */
        private final long epoch = System.currentTimeMillis() * 1_000_000 - System.nanoTime();

        Followed(String path, Span root) {
            this.path = path;
            this.root = root;
        }

        @Override
        public String traceId() {
            return root.getSpanContext().getTraceId();
        }

        @Override
        public void end(End e) {
            if (root.isRecording()) {
                root.setAttribute(METHOD, "POST").setAttribute(ROUTE, path).setAttribute(STATUS, (long) e.status())
                        .setAttribute(TENANT, e.tenant()).setAttribute(REQUEST, e.requestId());
                if (e.errorCode() != null) {
                    root.setAttribute(ERROR, e.errorCode());
                    // By HTTP's conventions what the client did wrong is no error of a server's.
                    if (e.status() >= 500) {
                        root.setStatus(StatusCode.ERROR);
                    }
                }
                RequestContext context = e.context();
                if (context != null) {
                    below(e, context);
                }
            }
            root.end(epoch + e.ended(), TimeUnit.NANOSECONDS);
        }

        private void below(End e, RequestContext context) {
            long guest = context.reachedAt(3);
            Span in = guest == 0 ? root : span(root, "guest", guest).setAttribute(GUEST, e.guest());
            long generate = context.reachedAt(4) == 0 ? context.reachedAt(5) : context.reachedAt(4);
            if (generate != 0) {
                String operation = operation();
                Span model = span(in, operation + " " + e.model(), generate).setAttribute(OPERATION, operation)
                        .setAttribute(PROVIDER, "realm").setAttribute(REQUEST_MODEL, e.model())
                        .setAttribute(RESPONSE_MODEL, e.model()).setAttribute(INPUT, (long) e.usage().promptTokens())
                        .setAttribute(CACHED, (long) e.usage().cachedTokens())
                        .setAttribute(OUTPUT, (long) e.usage().generatedTokens())
                        .setAttribute(FINISH, List.of(e.finishReason()));
                phases(model, e, context);
                model.end(epoch + e.ended(), TimeUnit.NANOSECONDS);
            }
            if (in != root) {
                in.end(epoch + e.ended(), TimeUnit.NANOSECONDS);
            }
        }

        /** Of a request's first generation; what comes after its first text may be of others too. */
        private void phases(Span model, End e, RequestContext context) {
            long submitted = context.reachedAt(5);
            long left = context.reachedAt(6);
            long text = e.firstText();
            if (submitted != 0) {
                span(model, "queue", submitted).end(epoch + (left == 0 ? e.ended() : left), TimeUnit.NANOSECONDS);
            }
            if (left != 0) {
                span(model, "prefill", left).end(epoch + (text == 0 ? e.ended() : Math.max(left, text)), TimeUnit.NANOSECONDS);
            }
            if (left != 0 && text != 0) {
                span(model, "decode", Math.max(left, text)).end(epoch + e.ended(), TimeUnit.NANOSECONDS);
            }
        }

        private Span span(Span parent, String name, long begun) {
            return tracer.spanBuilder(name).setParent(Context.root().with(parent))
                    .setStartTimestamp(epoch + begun, TimeUnit.NANOSECONDS).startSpan();
        }

        private String operation() {
            if (path.contains("embed") || path.contains("rank") || path.contains("score")) {
                return "embeddings";
            }
            return path.contains("chat") || path.contains("messages") || path.contains("responses") ? "chat" : "text_completion";
        }
    }

    @Override
    public void close() {
        provider.shutdown().join(LAST.toMillis(), TimeUnit.MILLISECONDS);
    }
}
