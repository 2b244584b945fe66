package ai.realm.server.http.openai.responses;

import ai.realm.server.http.json.Json;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The numbered events of one response. Where nothing is streamed none is made. Used under its answer's lock. */
final class ResponseEvents {
    private final @Nullable Consumer<List<SseStream.Event>> stream;
    private final List<SseStream.Event> ready = new ArrayList<>();
    private int next;

    /** @param stream null when the response is sent at once */
    ResponseEvents(@Nullable Consumer<List<SseStream.Event>> stream) {
        this.stream = stream;
    }

    /** One event; {@link #flush} sends it. */
    void add(String type, Consumer<ObjectNode> fields) {
        if (stream == null) {
            return;
        }
        ObjectNode event = Json.mapper().createObjectNode().put("type", type).put("sequence_number", next++);
        fields.accept(event);
        ready.add(new SseStream.Event(type, Json.bytes(event)));
    }

    void flush() {
        if (stream != null && !ready.isEmpty()) {
            stream.accept(List.copyOf(ready));
            ready.clear();
        }
    }
}
