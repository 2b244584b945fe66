package ai.realm.server.error;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.GuestRefusal;
import ai.realm.core.error.RealmException;
import org.jspecify.annotations.Nullable;

/**
 * What an error code is over HTTP: the status and OpenAI's type and code.
 *
 * @param retryAfterSeconds what {@code Retry-After} says when the error itself knows nothing better; null where trying again does
 *        not help
 */
public record HttpError(int status, String type, String code, @Nullable Integer retryAfterSeconds) {
    /** A client that went away gets no answer; logs and metrics say 499, as nginx does. */
    public static final int CLIENT_CLOSED_REQUEST = 499;

    private static final String INVALID = "invalid_request_error";

    /** The one mapping; without a default, so that a new code does not compile until it has its line here. */
    public static HttpError of(ErrorCode code) {
        return switch (code) {
            case INVALID_REQUEST, EMPTY_PROMPT -> invalid(400, INVALID);
            case CONTEXT_LENGTH_EXCEEDED -> invalid(400, "context_length_exceeded");
            case TEMPLATE_FAILED -> invalid(400, "chat_template_failed");
            case NO_TOKENIZER -> invalid(400, "no_tokenizer");
            case GUEST_REFUSED -> invalid(400, "guest_refused");
            case INVALID_API_KEY -> invalid(401, "invalid_api_key");
            case NOT_PERMITTED -> new HttpError(403, "permission_error", "not_permitted", null);
            case TENANT_SUSPENDED -> new HttpError(403, "permission_error", "tenant_suspended", null);
            case MODEL_NOT_FOUND -> invalid(404, "model_not_found");
            case NOT_FOUND -> invalid(404, "not_found");
            case METHOD_NOT_ALLOWED -> invalid(405, "method_not_allowed");
            case CONFLICT -> invalid(409, "conflict");
            case BODY_TOO_LARGE -> invalid(413, "body_too_large");
            case UNSUPPORTED_ENCODING -> invalid(415, "unsupported_encoding");
            case RATE_LIMIT_EXCEEDED -> new HttpError(429, "rate_limit_error", "rate_limit_exceeded", 1);
            case INSUFFICIENT_QUOTA -> new HttpError(429, "insufficient_quota", "insufficient_quota", 3600);
            case CANCELLED -> new HttpError(CLIENT_CLOSED_REQUEST, "request_cancelled", "cancelled", null);
            case INTERNAL -> server(500, "internal_error");
            case MODEL_INVALID -> server(500, "model_invalid");
            case MODEL_LOAD_FAILED -> server(500, "model_load_failed");
            case GUEST_FAILED, GUEST_LIMIT -> new HttpError(502, "guest_error", "guest_error", null);
            case OVERLOADED -> new HttpError(503, "server_error", "overloaded", 1);
            case DRAINING -> new HttpError(503, "server_error", "draining", 5);
            case STORAGE_UNAVAILABLE -> new HttpError(503, "server_error", "service_unavailable", 2);
            case MODEL_UNLOADED -> new HttpError(503, "server_error", "model_unloaded", 2);
            case MODEL_LOADING -> new HttpError(503, "server_error", "model_loading", 2);
            case DEADLINE_EXCEEDED -> server(504, "deadline_exceeded");
        };
    }

    /** The same, but for a guest's own refusal, which says itself what it is. */
    public static HttpError of(RealmException e) {
        HttpError known = of(e.code());
        return e instanceof GuestRefusal own
                ? new HttpError(own.status(), known.type(), own.reason(), known.retryAfterSeconds())
                : known;
    }

    private static HttpError invalid(int status, String code) {
        return new HttpError(status, INVALID, code, null);
    }

    private static HttpError server(int status, String code) {
        return new HttpError(status, "server_error", code, null);
    }
}
