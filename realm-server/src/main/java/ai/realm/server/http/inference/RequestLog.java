package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.error.HttpError;
import ai.realm.server.http.transport.TraceParent;
import ai.realm.server.tracing.RequestTracer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLogger;

/**
 * What is known of one request, for the lines it leaves in the log: at DEBUG the steps that the server does, at WARN the cause of a
 * failure, at INFO one line at its end. Never a prompt, an output or a key.
 */
public final class RequestLog {
    private static final Logger LOG = LoggerFactory.getLogger("ai.realm.server.Request");

    private final Logger out;
    private final String requestId;
    private final String path;
    private final RequestTracer.@Nullable Trace trace;
    private final @Nullable String traceId;
    private final @Nullable String flow;
    private final long slowNanos;
    private final long begun = System.nanoTime();
    private volatile long firstPiece;
    private String tenant = "-";
    private String model = "-";
    private String guest = "-";
    private Usage usage = Usage.NONE;
    private String finishReason = "-";
    private long guestCpuNanos;
    private @Nullable RequestContext context;
    private int status = 200;
    private @Nullable ErrorCode error;

    /** A request that is the server's own leaves no lines. */
    RequestLog(Exchange exchange, String path, RequestFrame.Parts parts) {
        this.out = parts.warmUp() ? NOPLogger.NOP_LOGGER : LOG;
        this.requestId = exchange.requestId();
        this.path = path;
        TraceParent parent = exchange.trace();
        this.trace = parts.tracer().begin(path,
                parent == null ? null : new RequestTracer.Parent(parent.traceId(), parent.spanId(), parent.sampled()));
        this.traceId = trace != null ? trace.traceId() : parent == null ? null : parent.traceId();
        this.flow = exchange.flow();
        Duration slow = parts.api().get().slow();
        this.slowNanos = slow.isZero() ? Long.MAX_VALUE : slow.toNanos();
    }

    /** Of the trace that the request belongs to; null for none. */
    @Nullable
    String traceId() {
        return traceId;
    }

    public String requestId() {
        return requestId;
    }

    void context(RequestContext of) {
        context = of;
    }

    void tenant(String id) {
        tenant = id;
    }

    public void model(String name) {
        model = name;
    }

    public void guest(String digest) {
        guest = digest.substring(0, Math.min(12, digest.length()));
    }

    /** One of the ten steps of the request path. */
    public void step(int number, String name) {
        out.debug("step={} step_name={} request_id={} tenant={}", number, name, requestId, tenant);
    }

    /** Parameters that the server did not use; names only. */
    void ignored(List<String> names) {
        out.debug("parameters ignored request_id={} tenant={} names={}", requestId, tenant, names);
    }

    /** The first text for the client. */
    public void answering() {
        if (firstPiece == 0) {
            firstPiece = System.nanoTime();
            step(10, "answer");
        }
    }

    public void finished(FinishReason reason) {
        finishReason = reason.name().toLowerCase(Locale.ROOT);
    }

    void usage(Usage total) {
        usage = total;
    }

    boolean hasFailed() {
        return error != null;
    }

    RequestRecord record(long begunMillis, long endedMillis, long guestCpuNanos) {
        this.guestCpuNanos = guestCpuNanos;
        return new RequestRecord(requestId, tenant, model, guest, begunMillis, endedMillis, status, finishReason,
                error == null ? null : error.name(), usage, guestCpuNanos);
    }

    public Usage usage() {
        return usage;
    }

    /** The first failure is the one that counts. */
    void failed(RealmException e) {
        if (error != null) {
            return;
        }
        error = e.code();
        status = HttpError.of(e).status();
        finishReason = e.code() == ErrorCode.CANCELLED ? "cancelled" : "error";
        if (e.code() == ErrorCode.INTERNAL) {
            out.error("request failed request_id={} tenant={} error_code={}", requestId, tenant, e.code(), e);
        } else if (e.code() == ErrorCode.CANCELLED) {
            out.info("request cancelled request_id={} tenant={} cause={}", requestId, tenant, e.getMessage());
        } else {
            out.warn("request failed request_id={} tenant={} error_code={} param={} cause={}", requestId, tenant, e.code(),
                    e.param(),
                    e.getMessage());
        }
    }

    void end() {
        long now = System.nanoTime();
        out.info(
                "request ended request_id={} tenant={} path={} model={} guest={} status={} prompt_tokens={} cached_tokens={} "
                        + "generated_tokens={} ttft_ms={} e2e_ms={} finish_reason={} error_code={} trace_id={} fairness_id={}",
                requestId, tenant, path, model, guest, status, usage.promptTokens(), usage.cachedTokens(),
                usage.generatedTokens(), firstPiece == 0 ? "-" : millis(firstPiece - begun), millis(now - begun), finishReason,
                error == null ? "-" : error, traceId == null ? "-" : traceId, flow == null ? "-" : flow);
        if (trace != null) {
            trace.end(new RequestTracer.End(requestId, tenant, model, guest, status, error == null ? null : error.name(),
                    finishReason, usage, context, begun, firstPiece, now));
        }
        if (now - begun > slowNanos) {
            out.warn("request slow request_id={} tenant={} path={} model={} status={} e2e_ms={} ttft_ms={} engine_ms={} "
                    + "guest_cpu_ms={} prompt_tokens={} cached_tokens={} generated_tokens={} trace_id={}", requestId, tenant,
                    path,
                    model, status, millis(now - begun), firstPiece == 0 ? "-" : millis(firstPiece - begun),
                    millis(usage.engineNanos()), millis(guestCpuNanos), usage.promptTokens(), usage.cachedTokens(),
                    usage.generatedTokens(), traceId == null ? "-" : traceId);
        }
    }

    private static Long millis(long nanos) {
        return nanos / 1_000_000;
    }
}
