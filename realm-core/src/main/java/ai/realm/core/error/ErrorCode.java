package ai.realm.core.error;

/**
 * What went wrong, as one closed set for the whole project: the server maps it to an HTTP status, the guest host to an ABI
 * error. The family tells who can do something about it.
 */
public enum ErrorCode {
    /** A model file is malformed or cannot be run. */
    MODEL_INVALID(Family.MODEL),
    /** No model of that name, or not granted to this tenant. */
    MODEL_NOT_FOUND(Family.MODEL),
    /** The model is known but is not loaded yet. */
    MODEL_LOADING(Family.OVERLOADED),
    /** The model was unloaded while a request used it. */
    MODEL_UNLOADED(Family.OVERLOADED),
    /** The model could not be loaded. */
    MODEL_LOAD_FAILED(Family.MODEL),
    /** The model carries no tokenizer. */
    NO_TOKENIZER(Family.MODEL),
    /** A chat template is malformed or refused its input. */
    TEMPLATE_FAILED(Family.REQUEST),

    /** A request is malformed, has a value out of range, or asks for what is not supported. */
    INVALID_REQUEST(Family.REQUEST),
    /** A prompt of no tokens. */
    EMPTY_PROMPT(Family.REQUEST),
    /** The prompt does not fit the context. */
    CONTEXT_LENGTH_EXCEEDED(Family.REQUEST),
    /** The body is larger than the server takes. */
    BODY_TOO_LARGE(Family.REQUEST),
    /** The body is packed in a way that the server does not read. */
    UNSUPPORTED_ENCODING(Family.REQUEST),
    /** No such route. */
    NOT_FOUND(Family.REQUEST),
    /** What is to be changed was changed by somebody else meanwhile. */
    CONFLICT(Family.REQUEST),
    /** The route exists but not for this method. */
    METHOD_NOT_ALLOWED(Family.REQUEST),

    /** No key, or not a key of any tenant. */
    INVALID_API_KEY(Family.TENANT),
    /** The tenant exists and is suspended. */
    TENANT_SUSPENDED(Family.TENANT),
    /** The tenant may not do this. */
    NOT_PERMITTED(Family.TENANT),
    /** A rate or concurrency limit of the tenant. */
    RATE_LIMIT_EXCEEDED(Family.TENANT),
    /** A quota of the tenant is used up. */
    INSUFFICIENT_QUOTA(Family.TENANT),

    /** A guest module was refused when it was registered. */
    GUEST_REFUSED(Family.GUEST),
    /** A guest trapped, broke the ABI or returned failure. */
    GUEST_FAILED(Family.GUEST),
    /** A guest reached one of its limits. */
    GUEST_LIMIT(Family.GUEST),

    /** The request's deadline passed. */
    DEADLINE_EXCEEDED(Family.CANCELLED),
    /** The client went away or the request was cancelled. */
    CANCELLED(Family.CANCELLED),

    /** The server as a whole is full. */
    OVERLOADED(Family.OVERLOADED),
    /** The server is shutting down. */
    DRAINING(Family.OVERLOADED),
    /** What the server keeps things in, a database or a disk, cannot be used now. */
    STORAGE_UNAVAILABLE(Family.OVERLOADED),

    /** A defect of the server. */
    INTERNAL(Family.INTERNAL);

    /** Who can do something about an error. */
    public enum Family {
        MODEL,
        REQUEST,
        TENANT,
        GUEST,
        OVERLOADED,
        CANCELLED,
        INTERNAL
    }

    private final Family family;

    ErrorCode(Family family) {
        this.family = family;
    }

    public Family family() {
        return family;
    }
}
