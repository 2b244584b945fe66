package ai.realm.server.cli;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestChat;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestOutside;
import ai.realm.runtime.guest.GuestOutput;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.Usage;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.error.HttpError;
import ai.realm.server.http.json.Json;
import ai.realm.server.tenant.MemoryKvStore;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tests of a guest without a model: each case says what comes in, what the model is to answer piece by piece, and what must come out.
 * One thread.
 */
final class GuestCases implements AutoCloseable {
    private static final int MAX_TOKENS = 256;

    private final GuestHost host;
    private final GuestModule module;
    private JsonNode replies = Json.mapper().createArrayNode();
    private final List<String> prompts = new ArrayList<>();

    GuestCases(byte[] wasm) {
        host = GuestHost.start(this::open, GuestHostOptions.defaults());
        try {
            module = host.register(wasm, GuestLimits.defaults());
        } catch (RuntimeException e) {
            host.close();
            throw e;
        }
    }

    @Override
    public void close() {
        host.close();
    }

    /**
     * @param test {@code prompt}, {@code request}, {@code settings}, {@code store}, {@code schedule},
     *        {@code replies} (lists of pieces), {@code expect}
     * @return what is not as expected; empty when all is
     */
    List<String> faults(JsonNode test) {
        replies = test.path("replies");
        prompts.clear();
        Map<String, String> settings = new HashMap<>();
        test.path("settings").properties().forEach(e -> settings.put(e.getKey(), e.getValue().asText()));
        MemoryKvStore store = new MemoryKvStore(GuestLimits.defaults().kvBytes());
        test.path("store").properties().forEach(e -> store.set(utf8(e.getKey()), utf8(e.getValue().asText())));
        Heard heard = new Heard();
        JsonNode request = test.path("request");
        RequestContext context = new RequestContext("test", "test",
                System.nanoTime() + GuestLimits.defaults().deadline().toNanos());
        GuestCall call = new GuestCall(context, test.path("prompt").asText("test"), null, true,
                SamplingParams.greedy(MAX_TOKENS), test.path("stream").asBoolean(),
                (request.isObject() ? request : "{}").toString(),
                _ -> new NoModel(), settings, store, Priority.INTERACTIVE, new Chats(), new Elsewhere(test),
                test.path("schedule").asText(null), 0);
        Map<String, Object> got = new HashMap<>();
        try {
            GuestResult result = host.run(module, call, GuestLimits.defaults(), heard);
            got.put("finish", result.reason().name().toLowerCase(Locale.ROOT));
        } catch (RealmException e) {
            got.put("error", HttpError.of(e).code());
            got.put("status", HttpError.of(e).status());
            got.put("message", String.valueOf(e.getMessage()));
        }
        got.put("text", heard.text.toString());
        got.put("prompts", List.copyOf(prompts));
        got.put("calls", List.copyOf(heard.calls));
        got.put("events", List.copyOf(heard.events));
        return compared(test.path("expect"), Json.mapper().valueToTree(got));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private static List<String> compared(JsonNode expected, JsonNode got) {
        List<String> faults = new ArrayList<>();
        expected.properties().forEach(e -> {
            JsonNode found = got.path(e.getKey());
            if (!found.equals(e.getValue())) {
                faults.add(e.getKey() + " should be " + e.getValue() + " but is "
                        + (found.isMissingNode() ? "not there" : found.toString()));
            }
        });
        if (!expected.has("error") && got.has("error")) {
            faults.add("it failed: " + got.path("message").asText());
        }
        if (expected.isEmpty()) {
            faults.add("it expects nothing");
        }
        return faults;
    }

    private InferenceSession open(GenerateCommand command) {
        JsonNode reply = replies.path(prompts.size());
        prompts.add(command.prompt() instanceof GenerateCommand.TextPrompt t ? t.text() : "");
        if (!reply.isArray()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the case has no reply for generation " + prompts.size());
        }
        return new Scripted(reply);
    }

    /** The pieces of one reply. */
    private static final class Scripted implements InferenceSession {
        private final JsonNode pieces;
        private int next;
        private boolean stopped;

        Scripted(JsonNode pieces) {
            this.pieces = pieces;
        }

        @Override
        public SessionEvent next() {
            return !stopped && next < pieces.size()
                    ? new SessionEvent.Piece(pieces.get(next++).asText(), List.of())
                    : new SessionEvent.End(FinishReason.STOP, new Usage(1, 0, next), null);
        }

        @Override
        public void stop() {
            stopped = true;
        }

        @Override
        public void close() {
            stopped = true;
        }
    }

    /** What the client would have got. */
    private static final class Heard implements GuestOutput {
        private final StringBuilder text = new StringBuilder();
        private final List<Map<String, Object>> calls = new ArrayList<>();
        private final List<Map<String, Object>> events = new ArrayList<>();

        @Override
        public void piece(String piece) {
            text.append(piece);
        }

        @Override
        public void toolCall(String id, String name, String arguments) {
            calls.add(Map.of("id", id, "name", name, "arguments", Json.orText(arguments)));
        }

        @Override
        public void event(String name, String json) {
            events.add(Map.of("name", name, "data", Json.orText(json)));
        }
    }

    /** Messages are rendered as they are written, so that a case can say what it expects. */
    private static final class Chats implements GuestChat {
        @Override
        public String render(int model, String json, boolean open) {
            return json;
        }

        @Override
        public String describe(int model) {
            return "{\"name\":\"test\",\"context\":4096,\"chat\":true}";
        }

        @Override
        public boolean takesToolCalls() {
            return true;
        }
    }

    /** Vectors of texts and answers of other machines, as the case says them: {@code vectors} by text, {@code http} by URL. */
    private record Elsewhere(JsonNode test) implements GuestOutside {
        @Override
        public float[] embed(int model, String text) {
            JsonNode vector = test.path("vectors").path(text);
            if (!vector.isArray()) {
                throw new RealmException(ErrorCode.INVALID_REQUEST, "the case has no vector of this text: " + text);
            }
            float[] values = new float[vector.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) vector.get(i).asDouble();
            }
            return values;
        }

        @Override
        public HttpReply http(HttpAsk ask) {
            String url = Json.object(utf8(ask.json())).path("url").asText();
            JsonNode reply = test.path("http").path(url);
            if (!reply.isObject()) {
                throw new HttpTrouble(HttpTrouble.Kind.NOT_GRANTED, "the case has no answer of " + url);
            }
            JsonNode body = reply.path("body");
            return new HttpReply(reply.path("status").asInt(200),
                    reply.path("headers").isObject() ? reply.path("headers").toString() : "{}",
                    utf8(body.isTextual() ? body.asText() : body.isMissingNode() ? "" : body.toString()));
        }
    }

    /** There is no model. */
    private static final class NoModel implements ModelLease {
        @Override
        public String name() {
            return "test";
        }

        @Override
        public ModelConfig config() {
            throw new RealmException(ErrorCode.NOT_PERMITTED, "there is no model here");
        }

        @Override
        public int contextLength() {
            return 4096;
        }

        @Override
        public @Nullable Tokenizer tokenizer() {
            return null;
        }

        @Override
        public @Nullable ChatTemplate chatTemplate() {
            return null;
        }

        @Override
        public void close() {
        }
    }
}
