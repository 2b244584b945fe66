package ai.realm.server.http.ollama;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.TokenTexts;
import ai.realm.server.http.json.Json;
import ai.realm.server.sse.NdjsonStream;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A reply as one JSON object, or as lines of them. */
final class ReplyAnswer implements Answer {
    private final Reply reply;
    private final Client client;
    /** Null for a reply that is sent at once. */
    private final @Nullable NdjsonStream stream;
    private final boolean withContext;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder thinking = new StringBuilder();
    private final ArrayNode calls = Json.mapper().createArrayNode();
    private final StringBuilder arguments = new StringBuilder();
    /** Where log-probabilities are wanted: how their tokens are shown, and those whose text was not sent yet. */
    private final @Nullable TokenTexts tokens;
    private ArrayNode logProbs = Json.mapper().createArrayNode();
    private String name = "";
    private FinishReason reason = FinishReason.STOP;

    /** @param withContext whether the reply ends with the tokens of the conversation so far */
    ReplyAnswer(Reply reply, Client client, boolean streamed, boolean withContext) {
        this.reply = reply;
        this.client = client;
        this.stream = streamed ? client.lines() : null;
        this.withContext = withContext;
        Tokenizer tokenizer = client.prompt().tokenizer();
        this.tokens = tokenizer == null || client.request().params().logProbs() < 0 ? null : new TokenTexts(tokenizer);
    }

    @Override
    public synchronized void piece(int index, String more) {
        reply.text();
        if (stream == null || withContext) {
            text.append(more);
        }
        if (stream != null) {
            stream.line(Json.bytes(withLogProbs(reply.part(more, null))));
        }
    }

    @Override
    public synchronized void logProbs(int index, List<TokenLogProbs> more) {
        if (tokens == null) {
            return;
        }
        for (TokenLogProbs t : more) {
            ArrayNode top = token(logProbs.addObject(), tokens, t.token(), t.logProb()).putArray("top_logprobs");
            for (int i = 0; i < Math.min(client.request().params().logProbs(), t.topTokens().length); i++) {
                token(top.addObject(), tokens, t.topTokens()[i], t.topLogProbs()[i]);
            }
            if (top.isEmpty()) {
                ((ObjectNode) logProbs.get(logProbs.size() - 1)).remove("top_logprobs");
            }
        }
    }

    private static ObjectNode token(ObjectNode to, TokenTexts texts, int id, float logProb) {
        to.put("token", texts.of(id)).put("logprob", TokenTexts.finite(logProb)).set("bytes", texts.bytes(id));
        return to;
    }

    /** Adds those of the tokens whose text this is. */
    private ObjectNode withLogProbs(ObjectNode line) {
        if (!logProbs.isEmpty()) {
            line.set("logprobs", logProbs);
            logProbs = Json.mapper().createArrayNode();
        }
        return line;
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        reply.text();
        for (AnswerEvent e : events) {
            switch (e) {
                case AnswerEvent.Content c -> piece(index, c.text());
                case AnswerEvent.Reasoning r -> thought(r.text());
                case AnswerEvent.CallBegin b -> {
                    name = b.name();
                    arguments.setLength(0);
                }
                case AnswerEvent.CallArguments a -> arguments.append(a.text());
                case AnswerEvent.CallEnd _ -> call();
            }
        }
    }

    private void thought(String more) {
        if (stream == null) {
            thinking.append(more);
        } else {
            stream.line(Json.bytes(withLogProbs(reply.part("", more))));
        }
    }

    /** Calls are sent whole. */
    private void call() {
        ObjectNode call = Json.mapper().createObjectNode();
        call.putObject("function").put("name", name).set("arguments", Json.objectOrEmpty(arguments.toString()));
        if (stream == null) {
            calls.add(call);
        } else {
            ObjectNode line = reply.part("", null);
            line.withObject("/message").putArray("tool_calls").add(call);
            stream.line(Json.bytes(line));
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
            ObjectNode whole = reply.end(text.toString(), thinking.toString(), reason, usage, context);
            if (!calls.isEmpty()) {
                whole.withObject("/message").set("tool_calls", calls);
            }
            client.json(withLogProbs(whole));
        } else {
            stream.line(Json.bytes(withLogProbs(reply.end("", "", reason, usage, context))));
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
