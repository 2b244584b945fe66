package ai.realm.server.http.inference;

import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.Usage;
import ai.realm.server.sse.NdjsonStream;
import ai.realm.server.sse.SseStream;
import ai.realm.server.tenant.RequestUsage;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Where one answer goes: as a whole, or as a stream of events. */
public final class Client {
    private final Exchange exchange;
    private final RequestContext context;
    private final PromptTokens prompt;
    private final RequestUsage usage;
    private final long begun = System.nanoTime();

    Client(Exchange exchange, RequestContext context, PromptTokens prompt, RequestUsage usage) {
        this.usage = usage;
        this.exchange = exchange;
        this.context = context;
        this.prompt = prompt;
    }

    /** Tokens of the request's prompt, which a guest may change before it is answered. */
    public int promptTokens() {
        return prompt.count();
    }

    /** The stop string that ended the answer; null when something else did. */
    public @Nullable String stopString() {
        return usage.stopString();
    }

    /** Answers 200 with this value as JSON. */
    public void json(Object value) {
        exchange.json(200, value);
    }

    /** The request's prompts. */
    public PromptTokens prompt() {
        return prompt;
    }

    /** The request, with everything looked up. */
    public ValidRequest request() {
        return prompt.request();
    }

    /** How long the answer has taken. */
    public Timings timings(Usage total) {
        long now = System.nanoTime();
        long first = usage.firstTextNanos();
        long middle = first == 0 ? now : first;
        return new Timings(total, middle - begun, now - middle);
    }

    /** How long it has taken until now, as JSON, when so many tokens of it have come. */
    public ObjectNode timingsSoFar(int tokens) {
        return timings(new Usage(0, 0, tokens)).soFar();
    }

    /** Stands for the server's build, the model and how it is computed: answers of one are made by the same. */
    public String fingerprint() {
        return Fingerprint.of(prompt.model());
    }

    /** Ids of the tokens of the prompt and of the answer to it. */
    public int[] tokensWith(String answer) {
        return prompt.with(answer);
    }

    /** Tokens that the model makes of a text of its own. */
    public int tokensOf(String text) {
        return prompt.of(text);
    }

    /** The answer as lines of JSON; committed with the first. */
    public NdjsonStream lines() {
        return exchange.lines(context);
    }

    /** The answer as server-sent events; committed with the first. */
    public SseStream events() {
        return exchange.events(context);
    }
}
