package ai.realm.server.http.openai.responses;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.TokenCountHandler;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.openai.Page;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.sse.SseStream;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What can be done with responses that are stored; another tenant's is not there. */
public final class ResponseRoutes {
    private static final String COUNT = ResponsesShape.PATH + "/input_tokens";

    private static final Duration CANCEL_WAIT = Duration.ofSeconds(10);

    private final TenantGate gate;
    private final TenantStores stores;
    private final Answers answers;
    private final BackgroundRuns runs;

    public ResponseRoutes(TenantGate gate, TenantStores stores, Answers answers, BackgroundRuns runs) {
        this.runs = runs;
        this.gate = gate;
        this.stores = stores;
        this.answers = answers;
    }

    /** {@code POST /v1/responses/input_tokens}. */
    public static Handler count(InferenceHandler.Parts parts, TenantStores stores) {
        return new TokenCountHandler(COUNT, ErrorShape.OPENAI, parts,
                (fields, tenant) -> new ResponsesReader(fields, new StoredItems(stores, tenant)).read().request(),
                Json.mapper().createObjectNode().put("object", "response.input_tokens"));
    }

    private StoredItems items(Context ctx) {
        return new StoredItems(stores, gate.authenticate(Callers.of(ctx)));
    }

    /** {@code GET /v1/responses/{id}}: as it is now, or with {@code stream=true} as its events, from one on. */
    public void get(Context ctx) {
        StoredItems items = items(ctx);
        Stored found = items.response(ctx.pathParam("id"));
        if (!"true".equals(ctx.queryParam("stream"))) {
            answers.json(ctx, 200, StoredItems.parse(found.json()));
            return;
        }
        long after = after(ctx.queryParam("starting_after"));
        BackgroundRun run = runs.find(items.tenant().id(), found.id());
        if (run == null || !run.isStreamed()) {
            throw RealmException.badParam("stream",
                    "stream is for a response that was asked for with background and stream, and that"
                            + " this server makes or has made a short while ago; leave it out");
        }
        try (Permit _ = gate.admit(RequestIds.of(ctx), items.tenant(), 0).permit()) {
            run.checkStart(after);
            run.follow(new SseStream(ctx.res(), runs.reader(RequestIds.of(ctx), items.tenant())), after);
        }
    }

    private static long after(@Nullable String given) {
        if (given == null) {
            return -1;
        }
        if (!given.matches("\\d{1,9}")) {
            throw RealmException.badParam("starting_after", "starting_after must be the sequence_number of an event");
        }
        return Long.parseLong(given);
    }

    /** {@code GET /v1/responses/{id}/input_items}. */
    public void inputItems(Context ctx) {
        StoredItems items = items(ctx);
        try (Permit _ = gate.admit(RequestIds.of(ctx), items.tenant(), 0).permit()) {
            answers.json(ctx, 200, Page.of(ctx, items.inputOf(items.response(ctx.pathParam("id")))));
        }
    }

    /** {@code DELETE /v1/responses/{id}}. */
    public void delete(Context ctx) {
        StoredItems items = items(ctx);
        String id = ctx.pathParam("id");
        BackgroundRun run = runs.find(items.tenant().id(), id);
        if (run != null) {
            run.cancel();
        }
        if (!stores.responses().remove(items.tenant().id(), id)) {
            throw StoredItems.notFound("response", id);
        }
        answers.json(ctx, 200, Json.mapper().createObjectNode().put("id", id).put("object", "response").put("deleted", true));
    }

    /** {@code POST /v1/responses/{id}/cancel}: one that is complete stays as it is. */
    public void cancel(Context ctx) {
        StoredItems items = items(ctx);
        Stored found = items.response(ctx.pathParam("id"));
        ObjectNode json = (ObjectNode) StoredItems.parse(found.json());
        if (!json.path("background").asBoolean()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "only a response that is made in the background can be cancelled, and this one is complete");
        }
        BackgroundRun run = runs.find(items.tenant().id(), found.id());
        if (run != null && !run.hasEnded()) {
            run.cancel();
            run.awaitEnd(CANCEL_WAIT);
            json = (ObjectNode) StoredItems.parse(items.response(found.id()).json());
        } else if (run == null && found.leaseMillis() > 0) {
            // Another server makes it, and sees at its next renewal that it need not.
            json = (ObjectNode) StoredItems.parse(items.cancel(found, json.put("status", "cancelled")).json());
        }
        answers.json(ctx, 200, json);
    }
}
