package ai.realm.server.cli;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.http.HttpServer;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the server is and the admin's key, as options of a command, and the calls that they are for. */
@SuppressWarnings("NullAway.Init")
final class AdminClient {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Pattern LOCAL = Pattern
            .compile("http://(127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1]|localhost):\\d{1,5}");

    @Option(names = "--url", defaultValue = "${env:REALM_URL:-http://127.0.0.1:8080}", paramLabel = "URL", description = "The server (default: $REALM_URL or http://127.0.0.1:8080)")
    private String url;

    @Option(names = "--admin-key", defaultValue = "${env:REALM_ADMIN_KEY}", paramLabel = "KEY", description = "The admin's key (default: $REALM_ADMIN_KEY)")
    private @Nullable String key;

    /** The same server with a tenant's key. */
    AdminClient withKey(@Nullable String tenantKey) {
        if (tenantKey == null || tenantKey.isBlank()) {
            throw new RealmException(ErrorCode.INVALID_API_KEY, "the tenant's key is missing: set REALM_KEY or give --key");
        }
        AdminClient other = new AdminClient();
        other.url = url;
        other.key = tenantKey;
        return other;
    }

    /** The answer to a call; an error of the server is thrown with its message. */
    JsonNode call(String method, String path, byte[] body) throws IOException, InterruptedException {
        if (key == null || key.isBlank()) {
            throw new RealmException(ErrorCode.INVALID_API_KEY,
                    "the admin's key is missing: set REALM_ADMIN_KEY or give --admin-key");
        }
        HttpResponse<String> response;
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()) {
            response = client.send(request(url, method, path, body), HttpResponse.BodyHandlers.ofString());
            // A server on this machine says where it listens for its operator; the key stays on this machine.
            String management = response.headers().firstValue(HttpServer.MANAGEMENT).orElse("");
            if (response.statusCode() == 404 && LOCAL.matcher(management).matches()) {
                response = client.send(request(management, method, path, body), HttpResponse.BodyHandlers.ofString());
            }
        } catch (java.net.ConnectException e) {
            throw new RealmException(ErrorCode.NOT_FOUND, "no server answers at " + url + "; is it running?", e);
        }
        JsonNode answer = parse(response.body());
        if (response.statusCode() >= 400) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    answer.at("/error/message").asText("the server answered " + response.statusCode()));
        }
        return answer;
    }

    private HttpRequest request(String server, String method, String path, byte[] body) {
        return HttpRequest.newBuilder(URI.create(server.replaceFirst("/+$", "") + path)).timeout(PATIENCE)
                .header("Authorization", "Bearer " + key).header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofByteArray(body)).build();
    }

    JsonNode call(String method, String path, String body) throws IOException, InterruptedException {
        return call(method, path, body.getBytes(StandardCharsets.UTF_8));
    }

    private static JsonNode parse(String body) throws IOException {
        try {
            return Json.mapper().readTree(body);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IOException("the server's answer is not JSON; is this the right URL?", e);
        }
    }

    /** A tenant's path. */
    static String tenant(String id) {
        return "/admin/tenants/" + URLEncoder.encode(id, StandardCharsets.UTF_8);
    }
}
