package ai.realm.server.http.ollama;

import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The JSON of one reply, whole or in lines, with the times that Ollama tells. Used by one request. */
final class Reply {
    private final boolean chat;
    private final String model;
    private final long begun;
    private final long loaded = System.nanoTime();
    private volatile long first;

    /**
     * @param chat whether it answers a chat, and not a prompt
     * @param begun when the request was read, on the monotonic clock
     */
    Reply(boolean chat, String model, long begun) {
        this.chat = chat;
        this.model = model;
        this.begun = begun;
    }

    /** There is some text, so that the prompt has been computed. */
    void text() {
        if (first == 0) {
            first = System.nanoTime();
        }
    }

    private ObjectNode head() {
        return Json.mapper().createObjectNode().put("model", model).put("created_at", Instant.now().toString());
    }

    /** A line that is not the last. */
    ObjectNode part(@Nullable String text, @Nullable String thinking) {
        ObjectNode line = head();
        said(line, text == null ? "" : text, thinking);
        return line.put("done", false);
    }

    private ObjectNode said(ObjectNode line, String text, @Nullable String thinking) {
        ObjectNode to = line;
        if (chat) {
            to = line.putObject("message").put("role", "assistant").put("content", text);
        } else {
            line.put("response", text);
        }
        if (thinking != null && !thinking.isEmpty()) {
            to.put("thinking", thinking);
        }
        return to;
    }

    /** The reply to a request that asks for no text but only wants the model to be there. */
    ObjectNode loadedOnly() {
        ObjectNode line = head();
        said(line, "", null);
        return line.put("done", true).put("done_reason", "load");
    }

    /** The whole reply, or with empty texts the last line of a stream. */
    ObjectNode end(String text, String thinking, FinishReason reason, Usage usage, int @Nullable [] context) {
        long now = System.nanoTime();
        long firstOrEnd = first == 0 ? now : first;
        ObjectNode line = head();
        said(line, text, thinking);
        line.put("done", true).put("done_reason", reason == FinishReason.LENGTH ? "length" : "stop");
        if (context != null) {
            line.set("context", Json.mapper().valueToTree(context));
        }
        return line.put("total_duration", now - begun).put("load_duration", loaded - begun)
                .put("prompt_eval_count", usage.promptTokens()).put("prompt_eval_duration", firstOrEnd - loaded)
                .put("eval_count", usage.generatedTokens()).put("eval_duration", now - firstOrEnd);
    }
}
