package ai.realm.server.config;

import java.net.URI;
import java.util.Map;

/**
 * Where traces of requests go.
 *
 * @param endpoint of a collector that takes OTLP over HTTP
 * @param ratio of the requests that are traced, 0 to 1; those of a trusted gateway with a trace follow it
 * @param headers sent along, for the collector's own key
 */
public record TracingSettings(URI endpoint, double ratio, Map<String, String> headers) {
    public TracingSettings {
        headers = Map.copyOf(headers);
    }

    /** Nothing of the headers. */
    @Override
    public String toString() {
        return "TracingSettings[" + endpoint + ", ratio=" + ratio + "]";
    }
}
