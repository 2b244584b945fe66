package ai.realm.server.tenant;

import java.time.Clock;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/** What makes the meters of tenants: they count for this server alone, or for all servers together. Thread-safe. */
public interface Meters {
    /** A tenant's meter, made once. */
    Meter of(String tenantId);

    /**
     * For a server that is alone.
     *
     * @param usedToday the tokens that a tenant's accounts hold for the current day
     */
    static Meters local(LongSupplier nanos, Clock clock, ToLongFunction<String> usedToday) {
        return id -> new LocalMeter(nanos, clock, usedToday.applyAsLong(id));
    }
}
