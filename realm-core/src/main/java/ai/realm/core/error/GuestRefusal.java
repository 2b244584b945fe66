package ai.realm.core.error;

/** A guest refuses a request in its own words: {@code realm_host_refuse}. */
public final class GuestRefusal extends RealmException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String reason;

    /**
     * @param status 400, 403, 409, 422 or 429
     * @param reason the code that the client's program reads
     */
    public GuestRefusal(int status, String reason, String text) {
        super(code(status), text);
        this.status = status;
        this.reason = reason;
    }

    private static ErrorCode code(int status) {
        return switch (status) {
            case 403 -> ErrorCode.NOT_PERMITTED;
            case 409 -> ErrorCode.CONFLICT;
            case 429 -> ErrorCode.RATE_LIMIT_EXCEEDED;
            default -> ErrorCode.INVALID_REQUEST;
        };
    }

    /** 400, 403, 409, 422 or 429. */
    public int status() {
        return status;
    }

    public String reason() {
        return reason;
    }
}
