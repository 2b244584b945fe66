package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
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
    private final AnswerJson json;
    private final SseStream stream;
    private final boolean includeUsage;
    private final boolean guestEvents;
    private final List<ChoiceState> choices;
    /** Tokens of all choices that have come. */
    private int tokens;

    StreamedAnswer(AnswerJson json, SseStream stream, List<ChoiceState> choices, AnswerOptions options) {
        this.json = json;
        this.stream = stream;
        this.choices = choices;
        this.includeUsage = options.includeUsage();
        this.guestEvents = options.guestEvents();
    }

    @Override
    public synchronized void piece(int index, String text) {
        List<ObjectNode> chunks = new ArrayList<>(2);
        open(index, chunks);
        chunks.add(json.piece(index, text, choices.get(index)));
        json.timed(chunks.getLast(), tokens);
        send(chunks);
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        List<ObjectNode> chunks = new ArrayList<>(events.size() + 1);
        ChoiceState choice = choices.get(index);
        for (AnswerEvent e : events) {
            choice.called |= e instanceof AnswerEvent.CallBegin;
            if (!(e instanceof AnswerEvent.CallEnd)) {
                open(index, chunks);
                chunks.add(json.event(index, e, choice));
            }
        }
        if (!chunks.isEmpty()) {
            json.timed(chunks.getLast(), tokens);
            send(chunks);
        }
    }

    @Override
    public synchronized void logProbs(int index, List<TokenLogProbs> more) {
        tokens += more.size();
        choices.get(index).add(more);
    }

    @Override
    public synchronized void promptLogProbs(int index, List<TokenLogProbs> tokens) {
        choices.get(index).prompt(tokens);
    }

    /** Under its own name, which clients that know only chunks leave aside. Written anew, so that nothing in it can end the event. */
    @Override
    public synchronized void notice(String name, String json) {
        if (guestEvents) {
            stream.events(List.of(new SseStream.Event("guest." + name, Json.bytes(Json.orText(json)))));
        }
    }

    private void open(int index, List<ObjectNode> chunks) {
        ChoiceState choice = choices.get(index);
        ObjectNode first = choice.opened ? null : json.open(index, choice);
        choice.opened = true;
        if (first != null) {
            chunks.add(first);
        }
    }

    private void send(List<ObjectNode> chunks) {
        stream.events(chunks.stream().map(Json::bytes).toArray(byte[][]::new));
    }

    @Override
    public synchronized void end(int index, FinishReason reason) {
        choices.get(index).reason = reason;
    }

    @Override
    public synchronized void finish(Usage usage) {
        List<ObjectNode> chunks = new ArrayList<>();
        for (int i = 0; i < choices.size(); i++) {
            open(i, chunks);
            chunks.add(json.end(i, choices.get(i)));
        }
        if (includeUsage) {
            chunks.add(json.usageChunk(usage));
        }
        json.last(chunks.getLast(), usage);
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
