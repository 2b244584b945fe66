package ai.realm.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A plain client of the server's API, with one tenant's key. */
record Api(String url, String key) {
    static final ObjectMapper JSON = new ObjectMapper();
    static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** The listeners of the operators of servers, by their URLs. */
    static final Map<String, String> MANAGEMENT = new ConcurrentHashMap<>();

    /** What came back. */
    record Answer(int status, String body, HttpResponse<String> response) {
        JsonNode json() {
            return parse(body);
        }

        String errorCode() {
            return json().at("/error/code").asText();
        }

        String errorMessage() {
            return json().at("/error/message").asText();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** The text of the first choice of an unstreamed answer. */
        String text() {
            JsonNode choice = json().at("/choices/0");
            return choice.has("message") ? choice.at("/message/content").asText() : choice.path("text").asText();
        }

        /** The data of a stream's events. */
        List<String> events() {
            List<String> events = new ArrayList<>();
            for (String event : body.split("\n\n")) {
                if (event.startsWith("data: ")) {
                    events.add(event.substring(6));
                }
            }
            return events;
        }

        /** The pieces of a stream, joined. */
        String joined() {
            StringBuilder text = new StringBuilder();
            for (String event : events()) {
                if (!event.equals("[DONE]")) {
                    JsonNode choice = parse(event).at("/choices/0");
                    text.append(choice.has("delta") ? choice.at("/delta/content").asText("") : choice.path("text").asText(""));
                }
            }
            return text.toString();
        }

        String finishReason() {
            if (!body.startsWith("data: ")) {
                return json().at("/choices/0/finish_reason").asText();
            }
            String reason = "";
            for (String event : events()) {
                String one = event.equals("[DONE]") ? "" : parse(event).at("/choices/0/finish_reason").asText("");
                reason = one.isEmpty() || one.equals("null") ? reason : one;
            }
            return reason;
        }
    }

    static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ObjectNode chat(String question) {
        ObjectNode body = JSON.createObjectNode().put("model", TestServer.MODEL).put("max_tokens", 20).put("temperature", 0);
        body.putArray("messages").addObject().put("role", "user").put("content", question);
        return body;
    }

    static ObjectNode completion(String prompt) {
        return JSON.createObjectNode().put("model", TestServer.MODEL).put("prompt", prompt).put("max_tokens", 20)
                .put("temperature", 0);
    }

    HttpRequest.Builder request(String path) {
        boolean operators = path.startsWith("/admin") || path.startsWith("/metrics");
        String base = operators ? MANAGEMENT.getOrDefault(url, url) : url;
        return HttpRequest.newBuilder(URI.create(base + path)).header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json").timeout(Duration.ofSeconds(120));
    }

    Answer send(HttpRequest request) {
        try {
            HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body(), response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    Answer post(String path, Object body) {
        return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body.toString())).build());
    }

    Answer get(String path) {
        return send(request(path).GET().build());
    }

    Answer chat(ObjectNode body) {
        return post("/v1/chat/completions", body);
    }

    Answer complete(ObjectNode body) {
        return post("/v1/completions", body);
    }

    /** The sum of a metric's series; with labels in its name, that of one. */
    double metric(String name) {
        return get("/metrics").body().lines().filter(l -> l.startsWith(name + " ") || l.startsWith(name + "{"))
                .mapToDouble(l -> Double.parseDouble(l.substring(l.lastIndexOf(' ') + 1))).sum();
    }

    /** Returns when a metric has this value. */
    void awaitMetric(String name, double wanted) {
        long end = System.nanoTime() + 30_000_000_000L;
        while (metric(name) != wanted) {
            if (System.nanoTime() > end) {
                throw new AssertionError(name + " must become " + wanted + " and is " + metric(name));
            }
        }
    }
}
