package ai.realm.server.http.inference;

import ai.realm.runtime.session.Usage;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How long an answer took, in llama.cpp's fields: up to the first text (waiting in the queue included) and from there to the end.
 *
 * @param promptNanos until the first text
 * @param answerNanos after it
 */
public record Timings(Usage usage, long promptNanos, long answerNanos) {
    private static final double NANOS_PER_MILLI = 1e6;

    public ObjectNode json() {
        ObjectNode out = Json.mapper().createObjectNode().put("cache_n", usage.cachedTokens());
        part(out, "prompt", usage.promptTokens() - usage.cachedTokens(), promptNanos);
        part(out, "predicted", usage.generatedTokens(), answerNanos);
        return out;
    }

    /** The same before the end, when nobody knows yet how much of the prompt the cache had: without the prompt's counts. */
    ObjectNode soFar() {
        ObjectNode out = Json.mapper().createObjectNode().put("prompt_ms", promptNanos / NANOS_PER_MILLI);
        part(out, "predicted", usage.generatedTokens(), answerNanos);
        return out;
    }

    private static void part(ObjectNode out, String name, int tokens, long nanos) {
        double millis = nanos / NANOS_PER_MILLI;
        out.put(name + "_n", tokens).put(name + "_ms", millis).put(name + "_per_token_ms", tokens == 0 ? 0 : millis / tokens)
                .put(name + "_per_second", millis == 0 ? 0 : 1000 * tokens / millis);
    }
}
