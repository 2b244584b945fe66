package ai.realm.server.http.openai.batches;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The lines of a batch's input file, each one request. */
final class BatchInput {
    static final int MOST_LINES = 50_000;
    private static final int MOST_ERRORS = 50;
    private static final int MOST_ID = 512;
    /** What a line has beside its request's body. */
    private static final int FRAME_BYTES = 4096;

    private final List<Line> lines = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();
    private final ArrayNode errors = Json.mapper().createArrayNode();
    private final String endpoint;
    private final long mostBytes;

    /** @param body of the request */
    record Line(int number, String customId, byte[] body) {}

    private BatchInput(String endpoint, long mostBytes) {
        this.endpoint = endpoint;
        this.mostBytes = mostBytes;
    }

    /**
     * Reads all lines; empty ones are passed over.
     *
     * @param endpoint that every request must be for
     * @param bodyBytes that a request's body may have; its line may have {@value #FRAME_BYTES} more
     */
    static BatchInput read(byte[] file, String endpoint, int bodyBytes) {
        BatchInput input = new BatchInput(endpoint, (long) bodyBytes + FRAME_BYTES);
        int begin = 0;
        int line = 1;
        for (int i = 0; i <= file.length && input.errors.size() < MOST_ERRORS; i++) {
            if (i == file.length || file[i] == '\n') {
                input.line(file, begin, i, line++);
                begin = i + 1;
            }
        }
        if (input.lines.isEmpty() && input.errors.isEmpty()) {
            input.error("empty_file", "the input file has no requests", null, null);
        }
        return input;
    }

    private void line(byte[] file, int begin, int end, int number) {
        // What is parsed takes many times its bytes, so that it is bounded before.
        if (end - begin > mostBytes) {
            error("line_too_long", "line " + number + " has " + (end - begin) + " bytes, and a line may have " + mostBytes, null,
                    number);
            return;
        }
        byte[] text = Arrays.copyOfRange(file, begin, end);
        if (new String(text, StandardCharsets.ISO_8859_1).isBlank()) {
            return;
        }
        if (lines.size() == MOST_LINES) {
            error("too_many_requests", "a batch may have " + MOST_LINES + " requests", null, number);
            return;
        }
        try {
            JsonFields f = JsonFields.of(Json.object(text));
            String id = JsonFields.text(f.require("custom_id"), "custom_id");
            if (id.isEmpty() || id.length() > MOST_ID) {
                throw RealmException.badParam("custom_id", "custom_id must have 1 to " + MOST_ID + " characters");
            }
            if (!ids.add(id)) {
                error("duplicate_custom_id", "custom_id is that of an earlier request", "custom_id", number);
                return;
            }
            String method = f.string("method");
            if (method != null && !method.equals("POST")) {
                error("invalid_method", "method must be POST", "method", number);
                return;
            }
            String url = f.string("url");
            if (url != null && !url.equals(endpoint)) {
                error("mismatched_endpoint", "url must be the batch's endpoint, " + endpoint, "url", number);
                return;
            }
            if (!(f.require("body") instanceof ObjectNode body)) {
                throw JsonFields.wrongType("body", "an object", f.require("body"));
            }
            // In a batch every request has the same, and not every API has a field for it.
            body.remove("priority");
            lines.add(new Line(lines.size(), id, Json.bytes(body)));
        } catch (RealmException e) {
            error("invalid_json_line", String.valueOf(e.getMessage()), e.param(), number);
        }
    }

    private void error(String code, String message, @Nullable String param, @Nullable Integer line) {
        errors.addObject().put("code", code).put("message", message).put("param", param).put("line", line);
    }

    List<Line> lines() {
        return lines;
    }

    /** What is wrong with the file, as OpenAI's list; null when nothing is. */
    @Nullable
    String errors() {
        if (errors.isEmpty()) {
            return null;
        }
        ObjectNode list = Json.mapper().createObjectNode().put("object", "list");
        list.set("data", errors);
        return list.toString();
    }

    /** The errors of a batch whose input is not there. */
    static String missing() {
        BatchInput none = new BatchInput("", 0);
        none.error("missing_input_file", "the input file is not there any more", "input_file_id", null);
        return String.valueOf(none.errors());
    }
}
