package ai.realm.server.http.openai.responses;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A response, sent at once when it is complete, or as OpenAI's named events while it grows. */
final class ResponseAnswer implements Answer {
    private final ResponsesReader.Read request;
    private final Client client;
    private final Keeper keeper;
    private final ResponseEvents events;
    private final @Nullable SseStream stream;
    private final ResponseJson json;
    private final OutputItems output;
    private boolean begun;
    private FinishReason reason = FinishReason.STOP;

    ResponseAnswer(ResponsesReader.Read request, String model, Client client, Keeper keeper) {
        this.request = request;
        this.client = client;
        this.keeper = keeper;
        this.stream = request.request().stream() ? client.events() : null;
        this.events = new ResponseEvents(stream);
        this.json = new ResponseJson(request.head(), model, request.store());
        this.output = new OutputItems(json.id(), events);
    }

    @Override
    public synchronized void piece(int index, String text) {
        events(index, List.of(new AnswerEvent.Content(text)));
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> more) {
        begin();
        more.forEach(output::add);
        events.flush();
    }

    private void begin() {
        if (!begun) {
            begun = true;
            events.add("response.created", e -> e.set("response", json.inProgress()));
            events.add("response.in_progress", e -> e.set("response", json.inProgress()));
        }
    }

    @Override
    public synchronized void end(int index, FinishReason why) {
        reason = why;
    }

    @Override
    public synchronized void finish(Usage usage) {
        begin();
        boolean cut = reason == FinishReason.LENGTH;
        output.finish(cut);
        String thought = output.reasoning();
        ObjectNode whole = json.complete(output.items(), cut, usage, thought.isEmpty() ? 0 : client.tokensOf(thought));
        // Kept before the client can know that it is complete, so that it can be gone on from at once.
        boolean kept = keeper.keep(request, whole);
        if (request.store() && !kept) {
            whole.put("store", false);
        }
        if (stream == null) {
            client.json(whole);
            return;
        }
        events.add(cut ? "response.incomplete" : "response.completed", e -> e.set("response", whole));
        events.flush();
    }

    @Override
    public boolean committed() {
        return stream != null && stream.committed();
    }

    @Override
    public synchronized void fail(RealmException error) {
        events.add("response.failed", e -> e.set("response", json.failed(output.items(), error)));
        events.flush();
    }
}
