package ai.realm.server.tenant;

import ai.realm.runtime.session.Usage;
import ai.realm.server.domain.TenantLimits;
import java.util.Map;

/**
 * One request's right to run: holds its place in the tenant's and the server's concurrency and the tokens reserved for it.
 * Closing it gives back what was not used. Used by one thread.
 */
public final class Permit implements AutoCloseable {
    private final Meter meter;
    private final TenantLimits limits;
    private final Runnable onClose;
    private long reserved;
    private boolean closed;

    Permit(Meter meter, TenantLimits limits, Runnable onClose) {
        this.meter = meter;
        this.limits = limits;
        this.onClose = onClose;
    }

    /**
     * Sets aside the most tokens that the request can use.
     *
     * @throws ai.realm.core.error.RealmException RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA
     */
    public void reserve(long tokens) {
        meter.reserve(limits, tokens);
        reserved += tokens;
    }

    /** What the request has used takes the place of what was reserved. */
    public void settle(Usage usage) {
        meter.settle(limits, reserved, (long) usage.promptTokens() + usage.generatedTokens());
        reserved = 0;
    }

    /** The {@code x-ratelimit-*} headers as things stand. */
    public Map<String, String> rateHeaders() {
        return meter.headers(limits);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (reserved > 0) {
                settle(Usage.NONE);
            }
            meter.end();
            onClose.run();
        }
    }
}
