package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import java.util.Locale;

/** The limits of a guest by the names that settings, errors and metrics use. */
public enum GuestLimit {
    MEMORY_PAGES,
    TABLE_ELEMENTS,
    STACK_BYTES,
    DEADLINE,
    CPU_TIME,
    GENERATIONS,
    GENERATED_TOKENS,
    OUTPUT_BYTES,
    LOG_LINES,
    KV_BYTES,
    CONCURRENT_INSTANCES,
    MODULE_BYTES,
    COMPILE_TIME;

    /** The setting's name: {@code cpu_time}. */
    public String setting() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** An error that names the limit, its setting and the value reached. */
    GuestLimitException reached(Object limit, Object value) {
        ErrorCode code = switch (this) {
            case DEADLINE -> ErrorCode.DEADLINE_EXCEEDED;
            case CONCURRENT_INSTANCES -> ErrorCode.RATE_LIMIT_EXCEEDED;
            case MODULE_BYTES, COMPILE_TIME -> ErrorCode.GUEST_REFUSED;
            case MEMORY_PAGES, TABLE_ELEMENTS, STACK_BYTES, CPU_TIME, GENERATIONS, GENERATED_TOKENS, OUTPUT_BYTES, LOG_LINES,
                    KV_BYTES ->
                ErrorCode.GUEST_LIMIT;
        };
        return new GuestLimitException(this, code,
                "the guest reached its limit " + setting() + ": " + limit + " allowed, " + value + " reached");
    }
}
