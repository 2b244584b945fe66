package ai.realm.server.tenant;

import ai.realm.server.domain.TenantLimits;
import java.util.Map;

/**
 * What one tenant has used of its limits, whose newest values come with each call and apply at once. Thread-safe.
 */
interface Meter {
    /**
     * Counts a request in, or says why not.
     *
     * @throws ai.realm.core.error.RealmException RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA, STORAGE_UNAVAILABLE
     */
    void begin(TenantLimits limits);

    /**
     * Sets tokens aside for a request that has begun; what it uses is known at its end.
     *
     * @throws ai.realm.core.error.RealmException RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA, STORAGE_UNAVAILABLE
     */
    void reserve(TenantLimits limits, long amount);

    /** Puts what was used in the place of what was reserved. Waits for nothing. */
    void settle(TenantLimits limits, long reserved, long used);

    /** A request that has begun has ended. Waits for nothing. */
    void end();

    /** Requests that have begun on this server and not ended. */
    int running();

    /** The {@code x-ratelimit-*} headers, for the limits that there are. */
    Map<String, String> headers(TenantLimits limits);
}
