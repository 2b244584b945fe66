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
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.TenantGate;
import io.javalin.http.Context;
import io.javalin.http.Handler;

/** What can be done with responses that are stored; another tenant's is not there. */
public final class ResponseRoutes {
    private static final String COUNT = ResponsesShape.PATH + "/input_tokens";

    private final TenantGate gate;
    private final TenantStores stores;
    private final Answers answers;

    public ResponseRoutes(TenantGate gate, TenantStores stores, Answers answers) {
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

    /** {@code GET /v1/responses/{id}}. */
    public void get(Context ctx) {
        Stored found = items(ctx).response(ctx.pathParam("id"));
        if ("true".equals(ctx.queryParam("stream"))) {
            throw RealmException.badParam("stream", "stream is not supported for a response that is complete; leave it out");
        }
        answers.json(ctx, 200, StoredItems.parse(found.json()));
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
        if (!stores.responses().remove(items.tenant().id(), id)) {
            throw StoredItems.notFound("response", id);
        }
        answers.json(ctx, 200, Json.mapper().createObjectNode().put("id", id).put("object", "response").put("deleted", true));
    }

    /** {@code POST /v1/responses/{id}/cancel}: a response is stored when it is complete, and then there is nothing to cancel. */
    public void cancel(Context ctx) {
        var _ = items(ctx).response(ctx.pathParam("id"));
        throw new RealmException(ErrorCode.INVALID_REQUEST,
                "only a response that is made in the background can be cancelled, and this one is complete");
    }
}
