package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;

/** The errors that host imports return to a guest: one meaning each, fixed by {@code docs/guest-abi.md}. */
enum AbiError {
    NO_MEMORY(-1),
    OPTIONS_UNREADABLE(-2),
    OUT_OF_BOUNDS(-3),
    NOT_UTF8(-4),
    MODEL_UNKNOWN(-5),
    RESULT_TOO_LARGE(-6),
    NO_TOKENIZER(-7),
    TOKENIZING_FAILED(-8),
    EMPTY_PROMPT(-9),
    INFERENCE_FAILED(-10),
    MODEL_NOT_LOADED(-11),
    CANCELLED(-12),
    DEADLINE(-13),
    QUOTA(-14),
    CONTEXT_EXCEEDED(-15),
    OVERLOADED(-16),
    BAD_OPTION(-17),
    NOT_PERMITTED(-18),
    NO_SUCH_KEY(-19),
    LIMIT_REACHED(-20),
    STALE(-21),
    NO_SUCH_HANDLE(-22),
    NOT_GRANTED(-23),
    NOT_YET(-24),
    HTTP_FAILED(-25);

    private final int code;

    AbiError(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** What a guest is told when the host's own call failed with {@code code}. */
    static AbiError of(ErrorCode code) {
        return switch (code) {
            case MODEL_NOT_FOUND -> MODEL_UNKNOWN;
            case MODEL_INVALID, MODEL_LOAD_FAILED -> MODEL_NOT_LOADED;
            case NO_TOKENIZER -> NO_TOKENIZER;
            case EMPTY_PROMPT -> EMPTY_PROMPT;
            case CONTEXT_LENGTH_EXCEEDED -> CONTEXT_EXCEEDED;
            case INVALID_REQUEST -> BAD_OPTION;
            case RATE_LIMIT_EXCEEDED, INSUFFICIENT_QUOTA -> QUOTA;
            case MODEL_LOADING, MODEL_UNLOADED, OVERLOADED, DRAINING, STORAGE_UNAVAILABLE -> OVERLOADED;
            case CANCELLED -> CANCELLED;
            case DEADLINE_EXCEEDED -> DEADLINE;
            case GUEST_LIMIT -> LIMIT_REACHED;
            case NOT_PERMITTED, TENANT_SUSPENDED, INVALID_API_KEY -> NOT_PERMITTED;
            case TEMPLATE_FAILED, BODY_TOO_LARGE, UNSUPPORTED_ENCODING, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT, GUEST_REFUSED,
                    GUEST_FAILED, INTERNAL ->
                INFERENCE_FAILED;
        };
    }
}
