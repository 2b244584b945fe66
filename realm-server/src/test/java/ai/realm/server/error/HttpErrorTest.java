package ai.realm.server.error;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HttpErrorTest {
    @ParameterizedTest
    @CsvSource({"INVALID_API_KEY,401,invalid_api_key", "TENANT_SUSPENDED,403,tenant_suspended",
            "MODEL_NOT_FOUND,404,model_not_found",
            "INVALID_REQUEST,400,invalid_request_error", "CONTEXT_LENGTH_EXCEEDED,400,context_length_exceeded",
            "BODY_TOO_LARGE,413,body_too_large",
            "RATE_LIMIT_EXCEEDED,429,rate_limit_exceeded", "INSUFFICIENT_QUOTA,429,insufficient_quota",
            "GUEST_FAILED,502,guest_error",
            "GUEST_LIMIT,502,guest_error", "DEADLINE_EXCEEDED,504,deadline_exceeded", "OVERLOADED,503,overloaded",
            "DRAINING,503,draining",
            "MODEL_LOADING,503,model_loading", "STORAGE_UNAVAILABLE,503,service_unavailable", "CONFLICT,409,conflict"})
    void of_aCodeOfTheContract_hasItsStatusAndCode(ErrorCode code, int status, String name) {
        assertThat(HttpError.of(code).status()).isEqualTo(status);
        assertThat(HttpError.of(code).code()).isEqualTo(name);
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void of_anyCode_tellsToRetryExactlyWhenItHelps(ErrorCode code) {
        HttpError error = HttpError.of(code);
        assertThat(error.status()).isBetween(400, 504);
        assertThat(error.retryAfterSeconds() != null).isEqualTo(error.status() == 429 || error.status() == 503);
    }
}
