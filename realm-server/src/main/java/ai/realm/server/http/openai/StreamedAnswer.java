package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.json.Json;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * An answer sent piece by piece. Ends of choices wait for {@link #finish}: what the client takes as the end comes after the
 * request was accounted for.
 */
final class StreamedAnswer implements Answer {
    private final Api api;
    private final AnswerJson json;
    private final SseStream stream;
    private final boolean includeUsage;
    private final boolean[] opened;
    private final boolean[] called;
    private final FinishReason[] reasons;

    StreamedAnswer(Api api, AnswerJson json, SseStream stream, int choices, boolean includeUsage) {
        this.api = api;
        this.json = json;
        this.stream = stream;
        this.includeUsage = includeUsage;
        this.opened = new boolean[choices];
        this.called = new boolean[choices];
        this.reasons = new FinishReason[choices];
    }

    @Override
    public synchronized void piece(int index, String text) {
        List<ObjectNode> chunks = new ArrayList<>(2);
        open(index, chunks);
        chunks.add(json.piece(index, text, includeUsage));
        send(chunks);
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        List<ObjectNode> chunks = new ArrayList<>(events.size() + 1);
        for (AnswerEvent e : events) {
            called[index] |= e instanceof AnswerEvent.CallBegin;
            if (!(e instanceof AnswerEvent.CallEnd)) {
                open(index, chunks);
                chunks.add(json.event(index, e, includeUsage));
            }
        }
        if (!chunks.isEmpty()) {
            send(chunks);
        }
    }

    private void open(int index, List<ObjectNode> chunks) {
        if (!opened[index] && api == Api.CHAT) {
            chunks.add(json.role(index, includeUsage));
        }
        opened[index] = true;
    }

    private void send(List<ObjectNode> chunks) {
        stream.events(chunks.stream().map(Json::bytes).toArray(byte[][]::new));
    }

    @Override
    public synchronized void end(int index, FinishReason reason) {
        reasons[index] = reason;
    }

    @Override
    public synchronized void finish(Usage usage) {
        List<ObjectNode> chunks = new ArrayList<>();
        for (int i = 0; i < reasons.length; i++) {
            open(i, chunks);
            chunks.add(json.end(i, reasons[i], called[i], includeUsage));
        }
        if (includeUsage) {
            chunks.add(json.usageChunk(usage));
        }
        send(chunks);
        stream.done();
    }

    @Override
    public boolean committed() {
        return stream.committed();
    }

    @Override
    public void fail(RealmException error) {
        stream.event(Json.bytes(ErrorBody.of(error)));
    }
}
