package ai.realm.server.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.Usage;
import ai.realm.server.tracing.RequestTracer.End;
import ai.realm.server.tracing.RequestTracer.Parent;
import ai.realm.server.tracing.RequestTracer.Trace;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OtelTracerTest {
    private static final Parent PARENT = new Parent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true);

    private final List<SpanData> spans = new ArrayList<>();

    private OtelTracer tracer(double ratio) {
        return new OtelTracer(ratio, "1", SimpleSpanProcessor.create(new SpanExporter() {
            @Override
            public CompletableResultCode export(Collection<SpanData> sent) {
                spans.addAll(sent);
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode shutdown() {
                return CompletableResultCode.ofSuccess();
            }
        }));
    }

    private static Trace begin(OtelTracer tracer, @Nullable Parent parent) {
        return Objects.requireNonNull(tracer.begin("/v1/chat/completions", parent));
    }

    private static End end(int status, @Nullable String error, @Nullable RequestContext context, long begun) {
        long now = System.nanoTime();
        return new End("req-1", "acme", "small", "abc", status, error, "stop", new Usage(11, 4, 7), context, begun,
                context == null ? 0 : now, now);
    }

    private Map<String, SpanData> named() {
        return spans.stream().collect(Collectors.toMap(SpanData::getName, s -> s));
    }

    @Test
    void request_withACallersTrace_isPartOfItWithItsSteps() {
        try (OtelTracer tracer = tracer(0)) {
            long begun = System.nanoTime();
            Trace trace = begin(tracer, PARENT);
            assertThat(trace.traceId()).isEqualTo(PARENT.traceId());
            RequestContext context = new RequestContext("req-1", "acme", Long.MAX_VALUE);
            for (int step = 3; step <= 9; step++) {
                context.reached(step, "x");
            }
            trace.end(end(200, null, context, begun));
        }
        Map<String, SpanData> all = named();
        assertThat(all).containsOnlyKeys("POST /v1/chat/completions", "guest", "chat small", "queue", "prefill", "decode");
        assertThat(spans).allMatch(s -> s.getTraceId().equals(PARENT.traceId()));
        SpanData root = all.get("POST /v1/chat/completions");
        assertThat(root.getParentSpanId()).isEqualTo(PARENT.spanId());
        assertThat(root.getAttributes().get(AttributeKey.longKey("http.response.status_code"))).isEqualTo(200);
        assertThat(all.get("guest").getParentSpanId()).isEqualTo(root.getSpanId());
        SpanData model = all.get("chat small");
        assertThat(model.getParentSpanId()).isEqualTo(all.get("guest").getSpanId());
        assertThat(model.getAttributes().get(AttributeKey.longKey("gen_ai.usage.input_tokens"))).isEqualTo(11);
        assertThat(model.getAttributes().get(AttributeKey.longKey("gen_ai.usage.output_tokens"))).isEqualTo(7);
        assertThat(model.getAttributes().get(AttributeKey.stringArrayKey("gen_ai.response.finish_reasons")))
                .containsExactly("stop");
        for (String phase : List.of("queue", "prefill", "decode")) {
            SpanData s = all.get(phase);
            assertThat(s.getParentSpanId()).isEqualTo(model.getSpanId());
            assertThat(s.getEndEpochNanos()).isGreaterThanOrEqualTo(s.getStartEpochNanos());
        }
        assertThat(all.get("queue").getEndEpochNanos()).isEqualTo(all.get("prefill").getStartEpochNanos());
        assertThat(all.get("prefill").getEndEpochNanos()).isEqualTo(all.get("decode").getStartEpochNanos());
    }

    @Test
    void requests_withoutACallersTrace_areTracedByTheRatio() {
        try (OtelTracer never = tracer(0)) {
            Trace trace = begin(never, null);
            assertThat(trace.traceId()).hasSize(32);
            trace.end(end(200, null, null, System.nanoTime()));
            Trace unwanted = begin(never, new Parent(PARENT.traceId(), PARENT.spanId(), false));
            unwanted.end(end(200, null, null, System.nanoTime()));
        }
        assertThat(spans).isEmpty();
        try (OtelTracer always = tracer(1)) {
            begin(always, null).end(end(200, null, null, System.nanoTime()));
        }
        assertThat(spans).hasSize(1);
    }

    @Test
    void requests_ofCallersWithoutASay_keepTheirTraceAndAreTracedByTheRatio() {
        // The smallest id there is, which a sampler by ids always takes.
        Parent parent = new Parent("00000000000000000000000000000001", PARENT.spanId(), null);
        for (double ratio : new double[]{0, 1e-12, 1}) {
            try (OtelTracer tracer = tracer(ratio)) {
                Trace trace = begin(tracer, parent);
                assertThat(trace.traceId()).isEqualTo(parent.traceId());
                trace.end(end(200, null, null, System.nanoTime()));
            }
        }
        assertThat(spans).singleElement().satisfies(s -> assertThat(s.getParentSpanId()).isEqualTo(parent.spanId()));
    }

    @Test
    void request_thatFailed_saysWhyAndOnlyTheServersFaultIsAnError() {
        try (OtelTracer tracer = tracer(1)) {
            begin(tracer, null).end(end(429, "RATE_LIMIT_EXCEEDED", null, System.nanoTime()));
            begin(tracer, null).end(end(500, "INTERNAL", null, System.nanoTime()));
        }
        assertThat(spans.get(0).getAttributes().get(AttributeKey.stringKey("error.type"))).isEqualTo("RATE_LIMIT_EXCEEDED");
        assertThat(spans.get(0).getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(spans.get(1).getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    }
}
