package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;

/**
 * What the guest of one request may ask of encoders and of other machines: the port behind {@code realm_host_embed} and
 * {@code realm_host_http}.
 */
public interface GuestOutside {
    /** There is nothing outside: a guest that is tried without a server. */
    GuestOutside NONE = new GuestOutside() {
        @Override
        public float[] embed(int model, String text) {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "there are no encoders here");
        }

        @Override
        public HttpReply http(HttpAsk ask) {
            throw new HttpTrouble(HttpTrouble.Kind.NOT_GRANTED, "there is no network here");
        }
    };

    /**
     * The vector of a text, of length 1.
     *
     * @param model the number of a model granted to the tenant, which must be an encoder
     * @throws RealmException MODEL_NOT_FOUND, INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED, and as a generation
     * @throws InterruptedException when the guest is ended meanwhile
     */
    float[] embed(int model, String text) throws InterruptedException;

    /**
     * One exchange with a host that the tenant's rules name, redirects followed.
     *
     * @throws HttpTrouble when it was not asked for as it must be, is not allowed, or has no answer within the bounds
     * @throws InterruptedException when the guest is ended meanwhile
     */
    HttpReply http(HttpAsk ask) throws InterruptedException;

    /**
     * A request that a guest wants to be sent.
     *
     * @param json {@code {"method": "POST", "url": "https://…", "headers": {"name": "value"}}}
     * @param maxBytes the most that the answer's body may have
     * @param millis how long it may take from now
     */
    record HttpAsk(String json, byte[] body, long maxBytes, long millis) {}

    /** @param headersJson an object: names in lower case, of several values the last */
    record HttpReply(int status, String headersJson, byte[] body) {}

    /** Why there is no answer; the message is for the guest and has no secret. */
    final class HttpTrouble extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** What is to blame. */
        public enum Kind {
            /** The guest did not say what it wants as it must. */
            BAD_REQUEST,
            /** No rule of the tenant allows it. */
            NOT_GRANTED,
            /** The other side, or the way to it. */
            FAILED,
            /** The answer has more than {@code maxBytes}. */
            TOO_LARGE,
            /** There is no answer after {@code millis}. */
            TOO_LATE
        }

        private final Kind kind;

        public HttpTrouble(Kind kind, String message) {
            super(message, null, false, false);
            this.kind = kind;
        }

        public Kind kind() {
            return kind;
        }
    }
}
