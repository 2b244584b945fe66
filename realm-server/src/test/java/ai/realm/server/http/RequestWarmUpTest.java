package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import ai.realm.server.config.ServerSettings;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestWarmUpTest {
    private static final String BODY = "{\"model\":\"tiny\",\"prompt\":\"once\"}";

    @Test
    void answer_ofAModel_isNotTheServersOwnRequest() {
        try (HttpFixture http = new HttpFixture()) {
            try (RequestWarmUp warmUp = RequestWarmUp.begin(ServerSettings.defaults(), http.services, List.of("tiny"))) {
                warmUp.answer();
            }
            assertThat(http.services.accounts().tokensToday("warm-up")).isZero();
            assertThat(http.active.count()).isZero();
            assertThat(http.gate.running()).isZero();
            assertThat(http.post("/v1/completions", BODY).statusCode()).isEqualTo(200);
        }
    }

    /** No model of that name, no model at all: the server that is to start is none the worse. */
    @Test
    void answer_thatFails_leavesTheServerAsItWas() {
        try (HttpFixture http = new HttpFixture()) {
            for (List<String> models : List.of(List.of("absent"), List.<String>of())) {
                assertThatCode(() -> {
                    try (RequestWarmUp warmUp = RequestWarmUp.begin(ServerSettings.defaults(), http.services, models)) {
                        warmUp.answer();
                    }
                }).doesNotThrowAnyException();
            }
            HttpResponse<String> answer = http.post("/v1/completions", BODY);
            assertThat(answer.statusCode()).isEqualTo(200);
        }
    }
}
