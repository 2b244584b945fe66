package ai.realm.server.http.openai.responses;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.openai.TokenObjects;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A response, sent at once when it is complete, or as OpenAI's named events while it grows. One in the background is kept in each of its
 * states.
 */
final class ResponseAnswer implements Answer {
    private final ResponsesReader.Read request;
    private final Client client;
    private final Keeper keeper;
    private final ResponseEvents events;
    private final @Nullable SseStream stream;
    private final @Nullable BackgroundRun run;
    private final ResponseJson json;
    private final @Nullable TextTokens tokens;
    private final OutputItems output;
    private boolean begun;
    private FinishReason reason = FinishReason.STOP;

    /** @param run of a response in the background; null for others */
    ResponseAnswer(ResponsesReader.Read request, String model, Client client, Keeper keeper, @Nullable BackgroundRun run) {
        this.request = request;
        this.client = client;
        this.keeper = keeper;
        this.run = run;
        boolean streaming = request.request().stream();
        this.stream = streaming && run == null ? client.events() : null;
        SseStream direct = stream;
        this.events = new ResponseEvents(run != null && streaming ? run::add : direct == null ? null : direct::events);
        this.json = new ResponseJson(request.head(), model, request.store());
        this.tokens = tokens(request, client);
        this.output = new OutputItems(json.id(), events, tokens);
        if (run != null) {
            run.begun(request, json.queued(), this::failed);
        }
    }

    private static @Nullable TextTokens tokens(ResponsesReader.Read request, Client client) {
        Tokenizer tokenizer = client.prompt().tokenizer();
        int likeliest = request.request().sampling().logProbs();
        return likeliest == SamplingParams.NO_LOG_PROBS || tokenizer == null
                ? null
                : new TextTokens(tokenizer.vocab(), new TokenObjects(tokenizer, likeliest, false));
    }

    @Override
    public synchronized void logProbs(int index, List<TokenLogProbs> more) {
        if (tokens != null) {
            tokens.add(more);
        }
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
            if (run != null) {
                run.keep(json.inProgress(), false);
                events.add("response.created", e -> e.set("response", json.queued()));
                events.add("response.queued", e -> e.set("response", json.queued()));
            } else {
                events.add("response.created", e -> e.set("response", json.inProgress()));
            }
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
        if (run != null) {
            events.add(cut ? "response.incomplete" : "response.completed", e -> e.set("response", whole));
            run.complete(request, whole);
            events.flush();
            run.end();
            return;
        }
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

    /** A response in the background has failed, or was cancelled. */
    private synchronized void failed(BackgroundRun of, RealmException error) {
        begin();
        output.finish(true);
        boolean cancelled = of.isCancelled();
        ObjectNode ended = cancelled ? json.cancelled(output.items()) : json.failed(output.items(), error);
        of.keep(ended, true);
        events.add(cancelled ? "response.cancelled" : "response.failed", e -> e.set("response", ended));
        events.flush();
    }
}
