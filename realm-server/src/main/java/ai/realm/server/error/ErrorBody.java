package ai.realm.server.error;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import org.jspecify.annotations.Nullable;

/** OpenAI's error object, as it stands under {@code "error"}. */
public record ErrorBody(String message, String type, @Nullable String param, String code) {

    /** The object under its key, ready to be written as JSON. */
    public record Envelope(ErrorBody error) {}

    public static Envelope of(RealmException e) {
        HttpError http = HttpError.of(e);
        return new Envelope(new ErrorBody(String.valueOf(e.getMessage()), http.type(), e.param(), http.code()));
    }

    public static Envelope of(ErrorCode code, String message, @Nullable String param) {
        HttpError http = HttpError.of(code);
        return new Envelope(new ErrorBody(message, http.type(), param, http.code()));
    }

    /** What a client is told of a failure: a defect's own text stays in the log. */
    public static RealmException known(Throwable failure) {
        return failure instanceof RealmException known
                ? known
                : new RealmException(ErrorCode.INTERNAL, "internal error; the server's log has its cause under this request id",
                        failure);
    }
}
