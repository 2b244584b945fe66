package ai.realm.server.http.openai.responses;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.domain.Tenant;
import ai.realm.server.error.HttpError;
import ai.realm.server.http.inference.Background;
import ai.realm.server.http.inference.Exchange;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.sse.NdjsonStream;
import ai.realm.server.sse.SseStream;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.OutputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One response that is made in the background: its states go into the database, its events are kept for those who follow it. It is under
 * way from {@link #begun} on, when it was admitted and can be run. Thread-safe.
 */
final class BackgroundRun implements Background, Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundRun.class);
    /** Bytes of events that are kept; the oldest go. */
    private static final long MOST_EVENT_BYTES = 4 << 20;
    /** Events that a follower gets at once. */
    private static final int MOST_AT_ONCE = 256;
    private static final long WAIT_SLACK_MILLIS = 5_000;

    private final BackgroundRuns runs;
    private final StoredItems items;
    private final boolean streamed;
    private final KeptEvents events = new KeptEvents(MOST_EVENT_BYTES);
    /** Of the answer, until the client has it. */
    private final Map<String, String> headers = new LinkedHashMap<>();
    private @Nullable String id;
    private @Nullable ObjectNode queued;
    private @Nullable RealmException failure;
    private @Nullable BiConsumer<BackgroundRun, RealmException> onFailure;
    private @Nullable RequestContext running;
    private boolean cancelled;
    private boolean ended;

    BackgroundRun(BackgroundRuns runs, StoredItems items, boolean streamed) {
        this.runs = runs;
        this.items = items;
        this.streamed = streamed;
    }

    String tenantId() {
        return items.tenant().id();
    }

    synchronized boolean isCancelled() {
        return cancelled;
    }

    synchronized boolean hasEnded() {
        return ended;
    }

    boolean isStreamed() {
        return streamed;
    }

    synchronized long eventBytes() {
        return events.bytes();
    }

    /**
     * It was admitted and is about to be run; from here on it is there for its tenant.
     *
     * @param whenFailed told why it ends without an answer
     */
    void begun(ResponsesReader.Read request, ObjectNode first, BiConsumer<BackgroundRun, RealmException> whenFailed) {
        String name = first.path("id").asText();
        if (!runs.keepFirst(items, request, first)) {
            throw RealmException.badParam("background",
                    "a response in the background is stored, and this request has more than the tenant's response_bytes");
        }
        synchronized (this) {
            id = name;
            queued = first;
            onFailure = whenFailed;
            notifyAll();
        }
        runs.add(name, this);
    }

    /** Keeps a state that it has reached. One that cannot be kept now is followed by the next one, the last is tried again. */
    void keep(ObjectNode state, boolean last) {
        try {
            if (!runs.keepState(items, state, last)) {
                cancel();
            }
        } catch (RealmException e) {
            LOG.warn("a state of a response is not kept tenant={} response={} error_code={}", tenantId(),
                    state.path("id").asText(),
                    e.code());
            if (last) {
                runs.keepLater(items, state);
            }
        }
    }

    /** Keeps the response, and what it adds to a conversation. */
    void complete(ResponsesReader.Read request, ObjectNode whole) {
        new StoreKeeper(items).addToConversation(request, whole);
        keep(whole, true);
    }

    /** Further events. */
    synchronized void add(List<SseStream.Event> more) {
        more.forEach(events::add);
        notifyAll();
    }

    /** Nothing comes any more. */
    void end() {
        synchronized (this) {
            ended = true;
            running = null;
            notifyAll();
        }
        runs.ended(this);
    }

    /** Its tenant wants no more of it. */
    void cancel() {
        RequestContext context;
        synchronized (this) {
            cancelled |= !ended;
            context = running;
        }
        if (context != null) {
            context.cancel(ErrorCode.CANCELLED, "the response was cancelled");
        }
    }

    /** Waits until it has ended; false when it has not by then. */
    synchronized boolean awaitEnd(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        while (!ended && await(end)) {
            // Looked at again.
        }
        return ended;
    }

    /** False when the time is over. */
    private synchronized boolean await(long end) {
        long millis = (end - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
            return false;
        }
        try {
            wait(millis);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RealmException(ErrorCode.CANCELLED, "the server's thread was interrupted", e);
        }
    }

    @Override
    public Exchange exchange() {
        return this;
    }

    @Override
    public void tell(Exchange client) {
        long end = System.nanoTime() + items.tenant().limits().deadline().plusMillis(WAIT_SLACK_MILLIS).toNanos();
        ObjectNode first;
        synchronized (this) {
            while (queued == null && failure == null && await(end)) {
                // Looked at again.
            }
            // What fails after it has begun is told by the response itself.
            if (queued == null && failure != null) {
                throw new RealmException(failure.code(), String.valueOf(failure.getMessage()), failure.param(), failure);
            }
            first = queued;
            headers.forEach(client::header);
        }
        if (first == null) {
            throw new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed");
        }
        if (streamed) {
            follow(client.events(runs.reader(client.requestId(), items.tenant())), -1);
        } else {
            client.json(200, first);
        }
    }

    /**
     * Sends its events, and waits for more until it has ended. A stream that breaks off before ends with an event that says why.
     *
     * @param after the number of the last one that the client has, -1 for none
     */
    void follow(SseStream to, long after) {
        long end = System.nanoTime() + items.tenant().limits().deadline().plusMillis(WAIT_SLACK_MILLIS).toNanos();
        long next = after + 1;
        try {
            for (List<SseStream.Event> more = from(next, end); !more.isEmpty(); more = from(next, end)) {
                to.events(more);
                next += more.size();
            }
        } catch (RealmException e) {
            if (e.code() == ErrorCode.CANCELLED) {
                throw e;
            }
            to.events(List.of(brokenOff(e, next - 1)));
        }
    }

    /** @param last the number of the last event that the client has: after it the stream can be asked for again */
    private static SseStream.Event brokenOff(RealmException why, long last) {
        ObjectNode event = Json.mapper().createObjectNode().put("type", "error").put("code", HttpError.of(why).code())
                .put("message", why.getMessage()).putNull("param").put("sequence_number", last);
        return new SseStream.Event("error", Json.bytes(event));
    }

    /** Refuses to begin after an event that is not kept any more, or that does not exist. */
    synchronized void checkStart(long after) {
        long first = events.first();
        long last = events.end() - 1;
        if (after + 1 < first || after > last) {
            throw RealmException.badParam("starting_after", "starting_after must be " + (first - 1) + " to " + last
                    + " for this response now, not " + after);
        }
    }

    /** Some events from a number on; none when it has ended and there are no more. */
    private synchronized List<SseStream.Event> from(long next, long end) {
        while (next >= events.end() && !ended) {
            if (!await(end)) {
                throw new RealmException(ErrorCode.DEADLINE_EXCEEDED,
                        "the deadline of this stream has passed, and the response goes "
                                + "on; ask for its events after the last one that you have");
            }
        }
        if (next < events.first()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the stream was read too slowly: the events before "
                    + events.first() + " are not kept any more");
        }
        return events.from(next, MOST_AT_ONCE);
    }

    @Override
    public void error(RealmException e, ErrorShape shape) {
        BiConsumer<BackgroundRun, RealmException> told;
        synchronized (this) {
            failure = e;
            told = onFailure;
            notifyAll();
        }
        try {
            if (told != null) {
                told.accept(this, e);
            }
        } finally {
            // Whatever goes wrong with what is told: else its lease would be renewed for ever.
            end();
        }
    }

    @Override
    public Watch watch(RequestContext context) {
        synchronized (this) {
            running = context;
            if (cancelled) {
                context.cancel(ErrorCode.CANCELLED, "the response was cancelled");
            }
        }
        return new Watch() {
            @Override
            public boolean mustClose() {
                return false;
            }

            @Override
            public void close() {
                synchronized (BackgroundRun.this) {
                    running = null;
                }
            }
        };
    }

    @Override
    public String requestId() {
        return String.valueOf(id);
    }

    @Override
    public Tenant tenant() {
        return items.tenant();
    }

    @Override
    public long bodyLength() {
        return -1;
    }

    @Override
    public byte[] body(int maxBytes) {
        throw noConnection();
    }

    @Override
    public String pathParam(String name) {
        throw noConnection();
    }

    @Override
    public synchronized void header(String name, String value) {
        headers.put(name, value);
    }

    @Override
    public void json(int status, Object value) {
        throw noConnection();
    }

    @Override
    public OutputStream output(int status, String contentType) {
        throw noConnection();
    }

    @Override
    public SseStream events(RequestContext context) {
        throw noConnection();
    }

    @Override
    public NdjsonStream lines(RequestContext context) {
        throw noConnection();
    }

    @Override
    public void closeAfter() {
        // There is no connection.
    }

    @Override
    public void keep(RequestRecord account) {
        throw noConnection();
    }

    private static IllegalStateException noConnection() {
        return new IllegalStateException("a response in the background has no connection");
    }
}
