package ai.realm.server.tracing;

import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.Usage;
import org.jspecify.annotations.Nullable;

/** Follows requests from their first byte to their last. Thread-safe; must not throw. */
public interface RequestTracer extends AutoCloseable {
    /** Follows none. */
    RequestTracer OFF = (_, _) -> null;

    /** One request being followed. Used by one thread at a time. */
    interface Trace {
        /** 32 hexadecimal digits, for logs and metrics. */
        String traceId();

        void end(End end);
    }

    /**
     * The caller's trace, as the request's headers name it.
     *
     * @param sampled whether the caller keeps it; null when that does not count, and the ratio does
     */
    record Parent(String traceId, String spanId, @Nullable Boolean sampled) {}

    /**
     * What is known of a request when it has ended; of its texts nothing.
     *
     * @param context null for one that was refused before it had any
     * @param begun of {@link System#nanoTime}, as all times here
     * @param firstText when the answer began; 0 when it did not
     */
    record End(String requestId, String tenant, String model, String guest, int status, @Nullable String errorCode,
            String finishReason, Usage usage, @Nullable RequestContext context, long begun, long firstText, long ended) {}

    /**
     * A request begins.
     *
     * @param path of its route
     * @return null when it is not followed
     */
    @Nullable
    Trace begin(String path, @Nullable Parent parent);

    @Override
    default void close() {
    }
}
