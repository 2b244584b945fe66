package ai.realm.server.http.openai.batches;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** What a batch's input file asks for: its requests by number and id. Their bodies are read again when they are run. */
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

    /** A request, by its place among them. */
    record Line(int number, String customId) {}

    /** @param body of the request */
    record Request(Line line, byte[] body) {}

    private BatchInput(String endpoint, long mostBytes) {
        this.endpoint = endpoint;
        this.mostBytes = mostBytes;
    }

    /** What a line may have, for a body of so many bytes. */
    private static long mostBytes(int bodyBytes) {
        return (long) bodyBytes + FRAME_BYTES;
    }

    /**
     * Reads all lines; empty ones are passed over.
     *
     * @param pieces of the file
     * @param endpoint that every request must be for
     * @param bodyBytes that a request's body may have; its line may have {@value #FRAME_BYTES} more
     */
    static BatchInput read(IntFunction<byte @Nullable []> pieces, String endpoint, int bodyBytes) {
        BatchInput input = new BatchInput(endpoint, mostBytes(bodyBytes));
        InputLines all = new InputLines(pieces, input.mostBytes);
        int number = 1;
        for (byte[] text = all.next(); text != null && input.errors.size() < MOST_ERRORS; text = all.next()) {
            input.line(text, all.length(), number++);
        }
        if (input.lines.isEmpty() && input.errors.isEmpty()) {
            input.error("empty_file", "the input file has no requests", null, null);
        }
        return input;
    }

    /** The requests of a file that {@link #read} found nothing wrong with, one after the other. */
    static Iterator<Request> requests(IntFunction<byte @Nullable []> pieces, int bodyBytes) {
        InputLines all = new InputLines(pieces, mostBytes(bodyBytes));
        return new Iterator<>() {
            private int number;
            private byte @Nullable [] text = more();

            private byte @Nullable [] more() {
                byte[] line = all.next();
                while (line != null && isBlank(line)) {
                    line = all.next();
                }
                return line;
            }

            @Override
            public boolean hasNext() {
                return text != null;
            }

            @Override
            public Request next() {
                byte[] line = text;
                if (line == null) {
                    throw new NoSuchElementException();
                }
                text = more();
                JsonFields f = JsonFields.of(Json.object(line));
                return new Request(new Line(number++, f.require("custom_id").asText()), body(f));
            }
        };
    }

    private static boolean isBlank(byte[] text) {
        return new String(text, StandardCharsets.ISO_8859_1).isBlank();
    }

    private static byte[] body(JsonFields f) {
        if (!(f.require("body") instanceof ObjectNode body)) {
            throw JsonFields.wrongType("body", "an object", f.require("body"));
        }
        // In a batch every request has the same, and not every API has a field for it.
        body.remove("priority");
        return Json.bytes(body);
    }

    private void line(byte[] text, long length, int number) {
        // What is parsed takes many times its bytes, so that it is bounded before.
        if (length > mostBytes) {
            error("line_too_long", "line " + number + " has " + length + " bytes, and a line may have " + mostBytes, null,
                    number);
            return;
        }
        if (isBlank(text)) {
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
            if (!(f.require("body") instanceof ObjectNode)) {
                throw JsonFields.wrongType("body", "an object", f.require("body"));
            }
            lines.add(new Line(lines.size(), id));
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
