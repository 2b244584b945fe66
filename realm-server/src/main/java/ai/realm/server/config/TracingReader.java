package ai.realm.server.config;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.or;
import static ai.realm.server.domain.Checks.required;

import ai.realm.server.domain.HttpRule;
import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads {@code server.tracing}. */
final class TracingReader {
    private static final double RATIO = 0.1;

    private TracingReader() {
    }

    static @Nullable TracingSettings tracing(RealmYaml.@Nullable Tracing t) {
        if (t == null) {
            return null;
        }
        String endpoint = required("server.tracing.endpoint", t.endpoint());
        if (endpoint.contains("@")) {
            throw bad("server.tracing.endpoint must have no user or password; what the collector wants goes into headers");
        }
        if (!endpoint.matches("https?://[^/?#\\s]+/[^?#\\s]*")) {
            throw bad("server.tracing.endpoint must be as http://collector:4318/v1/traces, not " + endpoint);
        }
        URI uri;
        try {
            uri = URI.create(endpoint);
        } catch (IllegalArgumentException e) {
            throw bad("server.tracing.endpoint must be as http://collector:4318/v1/traces, not " + endpoint);
        }
        double ratio = or(t.ratio(), RATIO);
        if (!(ratio >= 0 && ratio <= 1)) {
            throw bad("server.tracing.ratio must be 0 to 1, not " + ratio);
        }
        Map<String, String> headers = or(t.headers(), Map.of());
        headers.forEach((name, value) -> {
            if (!HttpRule.isHeader(name) || value == null || !HttpRule.isHeaderValue(value)) {
                throw bad("server.tracing.headers: " + name + " must be a header with one line of ASCII");
            }
        });
        return new TracingSettings(uri, ratio, headers);
    }
}
