package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import java.util.Locale;

/** The limits of a guest: the names that errors and metrics use, and the settings under {@code guest_limits}. */
public enum GuestLimit {
    MEMORY_PAGES,
    TABLE_ELEMENTS,
    STACK_BYTES,
    DEADLINE("deadline_ms"),
    CPU_TIME("cpu_ms"),
    GENERATIONS,
    GENERATED_TOKENS,
    OUTPUT_BYTES,
    LOG_LINES,
    KV_BYTES,
    KV_UPDATES,
    EMBEDDINGS,
    HTTP_REQUESTS,
    HTTP_BYTES,
    HTTP_TIME("http_ms"),
    CONCURRENT_INSTANCES,
    MODULE_BYTES,
    COMPILE_TIME("compile_ms"),
    SEQUENCES,
    FORKS,
    KV_POSITIONS;

    private final String key;

    /** The setting has the limit's name. */
    GuestLimit() {
        this.key = label();
    }

    GuestLimit(String key) {
        this.key = key;
    }

    /** The name in errors and metrics: {@code cpu_time}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The setting's path below a tenant: {@code guest_limits.cpu_ms}. */
    public String setting() {
        return "guest_limits." + key;
    }

    /** An error that names the limit, its setting and the value reached. */
    GuestLimitException reached(Object limit, Object value) {
        ErrorCode code = switch (this) {
            case DEADLINE -> ErrorCode.DEADLINE_EXCEEDED;
            case CONCURRENT_INSTANCES -> ErrorCode.RATE_LIMIT_EXCEEDED;
            case MODULE_BYTES, COMPILE_TIME -> ErrorCode.GUEST_REFUSED;
            case MEMORY_PAGES, TABLE_ELEMENTS, STACK_BYTES, CPU_TIME, GENERATIONS, GENERATED_TOKENS, OUTPUT_BYTES, LOG_LINES,
                    KV_BYTES, KV_UPDATES, EMBEDDINGS, HTTP_REQUESTS, HTTP_BYTES, HTTP_TIME, SEQUENCES, FORKS, KV_POSITIONS ->
                ErrorCode.GUEST_LIMIT;
        };
        return new GuestLimitException(this, code, "the guest reached its limit " + label() + ": " + limit + " allowed by "
                + setting() + ", " + value + " reached");
    }
}
