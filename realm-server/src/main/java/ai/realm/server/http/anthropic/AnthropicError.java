package ai.realm.server.http.anthropic;

import ai.realm.core.error.RealmException;
import ai.realm.server.error.HttpError;

/** Anthropic's error object, under its key and as an event of a stream. */
record AnthropicError(String type, String message) {

    /** @param type always {@code error} */
    record Envelope(String type, AnthropicError error) {}

    static Envelope of(RealmException e) {
        return new Envelope("error", new AnthropicError(type(HttpError.of(e).status()), String.valueOf(e.getMessage())));
    }

    private static String type(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404, 405 -> "not_found_error";
            case 413 -> "request_too_large";
            case 429 -> "rate_limit_error";
            case 503 -> "overloaded_error";
            case 504 -> "timeout_error";
            default -> status >= 500 ? "api_error" : "invalid_request_error";
        };
    }
}
