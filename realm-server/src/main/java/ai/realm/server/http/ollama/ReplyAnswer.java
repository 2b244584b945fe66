package ai.realm.server.http.ollama;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.json.Json;
import ai.realm.server.sse.NdjsonStream;
import org.jspecify.annotations.Nullable;

/** A reply as one JSON object, or as lines of them. */
final class ReplyAnswer implements Answer {
    private final Reply reply;
    private final Client client;
    /** Null for a reply that is sent at once. */
    private final @Nullable NdjsonStream stream;
    private final boolean withContext;
    private final StringBuilder text = new StringBuilder();
    private FinishReason reason = FinishReason.STOP;

    /** @param withContext whether the reply ends with the tokens of the conversation so far */
    ReplyAnswer(Reply reply, Client client, boolean streamed, boolean withContext) {
        this.reply = reply;
        this.client = client;
        this.stream = streamed ? client.lines() : null;
        this.withContext = withContext;
    }

    @Override
    public synchronized void piece(int index, String more) {
        reply.text();
        if (stream == null || withContext) {
            text.append(more);
        }
        if (stream != null) {
            stream.line(Json.bytes(reply.part(more, null)));
        }
    }

    @Override
    public synchronized void end(int index, FinishReason why) {
        reason = why;
    }

    @Override
    public synchronized void finish(Usage usage) {
        int[] context = withContext ? client.tokensWith(text.toString()) : null;
        if (stream == null) {
            client.json(reply.end(text.toString(), "", reason, usage, context));
        } else {
            stream.line(Json.bytes(reply.end("", "", reason, usage, context)));
        }
    }

    @Override
    public boolean committed() {
        return stream != null && stream.committed();
    }

    @Override
    public void fail(RealmException error) {
        if (stream == null) {
            throw new IllegalStateException("nothing was sent, so the error is the answer", error);
        }
        stream.line(Json.bytes(OllamaError.SHAPE.body(error)));
    }
}
