package ai.realm.server.http.anthropic;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.json.Json;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** A message sent as Anthropic's named events while it grows. The end waits for {@link #finish}. */
final class StreamedMessage implements Answer {
    private final MessageJson json;
    private final Client client;
    private final SseStream stream;
    private final List<SseStream.Event> ready = new ArrayList<>();
    private boolean begun;
    private int block = -1;
    private String kind = "";
    private boolean calls;
    private FinishReason reason = FinishReason.STOP;

    StreamedMessage(MessageJson json, Client client) {
        this.json = json;
        this.client = client;
        this.stream = client.events();
    }

    @Override
    public synchronized void piece(int index, String text) {
        event(new AnswerEvent.Content(text));
        flush();
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        events.forEach(this::event);
        flush();
    }

    private void event(AnswerEvent event) {
        begin();
        switch (event) {
            case AnswerEvent.Content c -> {
                open("text");
                delta(MessageJson.object("text_delta").put("text", c.text()));
            }
            case AnswerEvent.Reasoning r -> {
                open("thinking");
                delta(MessageJson.object("thinking_delta").put("thinking", r.text()));
            }
            case AnswerEvent.CallBegin c -> {
                close();
                calls = true;
                start("tool_use", MessageJson.toolUse(c.id(), c.name()));
            }
            case AnswerEvent.CallArguments a -> delta(MessageJson.object("input_json_delta").put("partial_json", a.text()));
            case AnswerEvent.CallEnd _ -> close();
        }
    }

    private void begin() {
        if (!begun) {
            begun = true;
            ObjectNode start = MessageJson.object("message_start");
            start.set("message", json.head(new Usage(client.promptTokens(), 0, 0), null, null));
            add(start);
            add(MessageJson.object("ping"));
        }
    }

    private void open(String wanted) {
        if (!kind.equals(wanted)) {
            close();
            ObjectNode empty = MessageJson.object(wanted).put(wanted, "");
            start(wanted, wanted.equals("thinking") ? empty.put("signature", "") : empty);
        }
    }

    private void start(String what, ObjectNode content) {
        kind = what;
        block++;
        ObjectNode start = MessageJson.object("content_block_start").put("index", block);
        start.set("content_block", content);
        add(start);
    }

    private void delta(ObjectNode delta) {
        ObjectNode event = MessageJson.object("content_block_delta").put("index", block);
        event.set("delta", delta);
        add(event);
    }

    private void close() {
        if (!kind.isEmpty()) {
            kind = "";
            add(MessageJson.object("content_block_stop").put("index", block));
        }
    }

    private void add(ObjectNode event) {
        ready.add(new SseStream.Event(event.path("type").textValue(), Json.bytes(event)));
    }

    private void flush() {
        if (ready.isEmpty()) {
            return;
        }
        stream.events(ready);
        ready.clear();
    }

    @Override
    public synchronized void end(int index, FinishReason why) {
        reason = why;
    }

    @Override
    public synchronized void finish(Usage usage) {
        begin();
        close();
        String stop = calls ? null : client.stopString();
        ObjectNode end = MessageJson.object("message_delta");
        end.putObject("delta").put("stop_reason", MessageJson.stopReason(reason, stop, calls)).put("stop_sequence", stop);
        end.set("usage", MessageJson.usage(usage));
        add(end);
        add(MessageJson.object("message_stop"));
        flush();
    }

    @Override
    public boolean committed() {
        return stream.committed();
    }

    @Override
    public void fail(RealmException error) {
        stream.events(List.of(new SseStream.Event("error", Json.bytes(AnthropicError.of(error)))));
    }
}
