package ai.realm.server.http.anthropic;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A message that is sent at once, when it is complete. */
final class WholeMessage implements Answer {
    private final MessageJson json;
    private final Client client;
    private final ArrayNode content = Json.mapper().createArrayNode();
    private final StringBuilder open = new StringBuilder();
    private String kind = "";
    private boolean calls;
    private FinishReason reason = FinishReason.STOP;

    WholeMessage(MessageJson json, Client client) {
        this.json = json;
        this.client = client;
    }

    @Override
    public synchronized void piece(int index, String text) {
        event(new AnswerEvent.Content(text));
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        events.forEach(this::event);
    }

    private void event(AnswerEvent event) {
        switch (event) {
            case AnswerEvent.Content c -> more("text", c.text());
            case AnswerEvent.Reasoning r -> more("thinking", r.text());
            case AnswerEvent.CallBegin c -> {
                close();
                calls = true;
                kind = "tool_use";
                content.add(MessageJson.toolUse(c.id(), c.name()));
            }
            case AnswerEvent.CallArguments a -> open.append(a.text());
            case AnswerEvent.CallEnd _ -> close();
        }
    }

    private void more(String wanted, String text) {
        if (!kind.equals(wanted)) {
            close();
            kind = wanted;
            content.add(MessageJson.object(wanted));
        }
        open.append(text);
    }

    /** The block that grew is complete. */
    private void close() {
        if (content.isEmpty() || kind.isEmpty()) {
            return;
        }
        ObjectNode block = (ObjectNode) content.get(content.size() - 1);
        switch (kind) {
            case "tool_use" -> block.set("input", Json.objectOrEmpty(open.toString()));
            case "thinking" -> block.put("thinking", open.toString()).put("signature", "");
            default -> block.put("text", open.toString());
        }
        open.setLength(0);
        kind = "";
    }

    @Override
    public synchronized void end(int index, FinishReason why) {
        reason = why;
    }

    @Override
    public synchronized void finish(Usage usage) {
        close();
        String stop = calls ? null : client.stopString();
        ObjectNode message = json.head(usage, MessageJson.stopReason(reason, stop, calls), stop);
        message.set("content", content);
        client.json(message);
    }

    @Override
    public boolean committed() {
        return false;
    }

    @Override
    public void fail(RealmException error) {
        throw new IllegalStateException("nothing was sent, so the error is the answer", error);
    }
}
