package ai.realm.server.http.openai.responses;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The items of a response while they grow, and the events that tell of them. Used under its answer's lock. */
final class OutputItems {
    private static final String MESSAGE = "message";
    private static final String REASONING = "reasoning";
    private static final String CALL = "function_call";

    private final String responseId;
    private final ResponseEvents events;
    /** Null where no log-probabilities are wanted. */
    private final @Nullable TextTokens tokens;
    private final ArrayNode items = Json.mapper().createArrayNode();
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    /** The log-probabilities of the message that grows. */
    private ArrayNode logProbs = Json.mapper().createArrayNode();
    /** What grows now. */
    private @Nullable ObjectNode open;

    /** @param tokens null where no log-probabilities are wanted */
    OutputItems(String responseId, ResponseEvents events, @Nullable TextTokens tokens) {
        this.responseId = responseId;
        this.events = events;
        this.tokens = tokens;
    }

    void add(AnswerEvent event) {
        switch (event) {
            case AnswerEvent.Content c -> more(MESSAGE, c.text());
            case AnswerEvent.Reasoning r -> {
                reasoning.append(r.text());
                more(REASONING, r.text());
            }
            case AnswerEvent.CallBegin c -> {
                close("completed");
                begin(item(CALL, "fc_").put("call_id", c.id() == null ? Ids.fresh("call_") : c.id()).put("name", c.name())
                        .put("arguments", ""));
            }
            case AnswerEvent.CallArguments a -> {
                text.append(a.text());
                tokensOf(a.text());
                tell("response.function_call_arguments.delta", e -> e.put("delta", a.text()));
            }
            case AnswerEvent.CallEnd _ -> close("completed");
        }
    }

    private ObjectNode item(String type, String prefix) {
        return Json.mapper().createObjectNode().put("id", StoredItems.itemId(prefix, responseId, items.size())).put("type", type)
                .put("status", "in_progress");
    }

    /** The item is added, empty. */
    private void begin(ObjectNode item) {
        open = item;
        items.add(item);
        text.setLength(0);
        ObjectNode empty = item.deepCopy();
        events.add("response.output_item.added", e -> e.put("output_index", items.size() - 1).set("item", empty));
    }

    private void more(String kind, String delta) {
        if (open == null || !open.path("type").asText().equals(kind)) {
            close("completed");
            open(kind);
        }
        text.append(delta);
        ArrayNode own = tokensOf(delta);
        if (kind.equals(MESSAGE)) {
            logProbs.addAll(own);
            tell("response.output_text.delta", e -> e.put("content_index", 0).put("delta", delta).set("logprobs", own));
        } else {
            tell("response.reasoning_text.delta", e -> e.put("content_index", 0).put("delta", delta));
        }
    }

    private ArrayNode tokensOf(String delta) {
        return tokens == null ? Json.mapper().createArrayNode() : tokens.take(delta);
    }

    private void open(String kind) {
        boolean message = kind.equals(MESSAGE);
        logProbs = Json.mapper().createArrayNode();
        ObjectNode item = item(kind, message ? "msg_" : "rs_");
        if (message) {
            item.put("role", "assistant");
        } else {
            item.putArray("summary");
        }
        item.putArray("content");
        begin(item);
        tell("response.content_part.added", e -> e.put("content_index", 0).set("part", part(kind, "", logProbs.deepCopy())));
    }

    private static ObjectNode part(String kind, String text, ArrayNode logProbs) {
        if (kind.equals(REASONING)) {
            return Json.mapper().createObjectNode().put("type", "reasoning_text").put("text", text);
        }
        ObjectNode part = InputItems.part("output_text", text);
        part.set("logprobs", logProbs);
        return part;
    }

    /** What grew is whole, with this status. */
    private void close(String status) {
        ObjectNode item = open;
        if (item == null) {
            return;
        }
        String kind = item.path("type").asText();
        String whole = text.toString();
        if (kind.equals(CALL)) {
            item.put("arguments", whole);
            tell("response.function_call_arguments.done",
                    e -> e.put("name", item.path("name").asText()).put("arguments", whole));
        } else {
            ArrayNode all = logProbs;
            ObjectNode part = part(kind, whole, all);
            item.putArray("content").add(part);
            if (kind.equals(MESSAGE)) {
                tell("response.output_text.done", e -> e.put("content_index", 0).put("text", whole).set("logprobs", all));
            } else {
                tell("response.reasoning_text.done", e -> e.put("content_index", 0).put("text", whole));
            }
            tell("response.content_part.done", e -> e.put("content_index", 0).set("part", part));
        }
        item.put("status", status);
        events.add("response.output_item.done", e -> e.put("output_index", items.size() - 1).set("item", item));
        open = null;
    }

    /** An event of the item that grows. */
    private void tell(String type, Consumer<ObjectNode> more) {
        ObjectNode item = open;
        if (item != null) {
            events.add(type, e -> {
                e.put("item_id", item.path("id").asText()).put("output_index", items.size() - 1);
                more.accept(e);
            });
        }
    }

    /** Nothing more comes; an answer of nothing is an empty message. */
    void finish(boolean cut) {
        if (items.isEmpty()) {
            open(MESSAGE);
        }
        close(cut ? "incomplete" : "completed");
    }

    ArrayNode items() {
        return items;
    }

    /** What the model thought. */
    String reasoning() {
        return reasoning.toString();
    }
}
