package ai.realm.server.http.openai.responses;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.server.accounts.Conversations;
import ai.realm.server.accounts.Conversations.Conversation;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.inference.RequestFrame.Admitted;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.openai.Metadata;
import ai.realm.server.http.openai.Page;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.tenant.Permit;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** OpenAI's conversations: items that responses go on from and add to. What has a body is a request like any other: admitted and counted. */
public final class ConversationRoutes {
    private static final String PATH = "/v1/conversations";
    private static final long SECOND = 1000;

    private final RequestFrame.Parts parts;
    private final TenantStores stores;

    public ConversationRoutes(RequestFrame.Parts parts, TenantStores stores) {
        this.parts = parts;
        this.stores = stores;
    }

    /** {@code POST /v1/conversations}. */
    public Handler create() {
        return posted(PATH, a -> {
            JsonNode items = a.fields().take("items");
            ArrayNode read = items == null ? Json.mapper().createArrayNode() : read(a, items);
            String metadata = Metadata.read(a.fields()).toString();
            Conversation made = new Conversation(Ids.fresh("conv_"), Instant.now().getEpochSecond() * SECOND, metadata);
            a.endOfFields();
            stores.conversations().create(a.tenant().id(), made, StoredItems.kept(read), a.tenant().limits().storage());
            return json(made);
        });
    }

    /** {@code POST /v1/conversations/{id}}: its metadata. */
    public Handler describe() {
        return posted(PATH + "/{id}", a -> {
            String id = a.exchange().pathParam("id");
            String metadata = Metadata.read(a.fields()).toString();
            a.endOfFields();
            if (!stores.conversations().describe(a.tenant().id(), id, metadata)) {
                throw StoredItems.notFound("conversation", id);
            }
            return json(of(a).requireConversation(id));
        });
    }

    /** {@code POST /v1/conversations/{id}/items}. */
    public Handler add() {
        return posted(PATH + "/{id}/items", a -> {
            String id = a.exchange().pathParam("id");
            ArrayNode items = read(a, a.fields().require("items"));
            a.endOfFields();
            stores.conversations().requireRoom(a.tenant().id(), a.tenant().limits().storage());
            if (!stores.conversations().append(a.tenant().id(), id, StoredItems.kept(items), a.tenant().limits().storage())) {
                throw StoredItems.notFound("conversation", id);
            }
            List<JsonNode> added = new ArrayList<>();
            items.forEach(added::add);
            return Page.list(added, false);
        });
    }

    private StoredItems of(Admitted a) {
        return new StoredItems(stores, a.tenant());
    }

    private ArrayNode read(Admitted a, JsonNode items) {
        if (!items.isArray()) {
            throw JsonFields.wrongType("items", "an array of items", items);
        }
        return new InputItems(of(a)::item).read(items, "items");
    }

    private Handler posted(String path, Function<Admitted, ObjectNode> work) {
        RequestFrame frame = new RequestFrame(path, ErrorShape.OPENAI, parts, a -> {
            ObjectNode answer = work.apply(a);
            a.log().finished(FinishReason.STOP);
            a.account().close();
            a.exchange().json(200, answer);
        });
        return frame::handle;
    }

    private static ObjectNode json(Conversation c) {
        ObjectNode json = Json.mapper().createObjectNode().put("id", c.id()).put("object", "conversation").put("created_at",
                c.createdMillis() / SECOND);
        json.set("metadata", StoredItems.parse(c.metadata()));
        return json;
    }

    private StoredItems items(Context ctx) {
        return new StoredItems(stores, parts.gate().authenticate(Callers.of(ctx)));
    }

    /** {@code GET /v1/conversations/{id}}. */
    public void get(Context ctx) {
        parts.answers().json(ctx, 200, json(items(ctx).requireConversation(ctx.pathParam("id"))));
    }

    /** {@code DELETE /v1/conversations/{id}}. */
    public void delete(Context ctx) {
        String id = ctx.pathParam("id");
        if (!stores.conversations().remove(items(ctx).tenant().id(), id)) {
            throw StoredItems.notFound("conversation", id);
        }
        parts.answers().json(ctx, 200,
                Json.mapper().createObjectNode().put("id", id).put("object", "conversation.deleted").put("deleted", true));
    }

    /** {@code GET /v1/conversations/{id}/items}. */
    public void list(Context ctx) {
        StoredItems of = items(ctx);
        try (Permit _ = parts.gate().admit(RequestIds.of(ctx), of.tenant(), 0).permit()) {
            String id = ctx.pathParam("id");
            of.requireConversation(id);
            Conversations.Items page = stores.conversations().page(of.tenant().id(), id, ctx.queryParam("after"),
                    Page.newestFirst(ctx),
                    Page.limit(ctx));
            parts.answers().json(ctx, 200,
                    Page.list(page.items().stream().map(i -> StoredItems.parse(i.json())).toList(), page.more()));
        }
    }

    /** {@code GET /v1/conversations/{id}/items/{item}}. */
    public void item(Context ctx) {
        StoredItems of = items(ctx);
        try (Permit _ = parts.gate().admit(RequestIds.of(ctx), of.tenant(), 0).permit()) {
            String id = ctx.pathParam("id");
            of.requireConversation(id);
            Conversations.Item item = stores.conversations().item(of.tenant().id(), id, ctx.pathParam("item"));
            if (item == null) {
                throw StoredItems.notFound("item", ctx.pathParam("item"));
            }
            parts.answers().json(ctx, 200, StoredItems.parse(item.json()));
        }
    }

    /** {@code DELETE /v1/conversations/{id}/items/{item}}: answers with the conversation. */
    public void deleteItem(Context ctx) {
        StoredItems of = items(ctx);
        Conversation conversation = of.requireConversation(ctx.pathParam("id"));
        RealmException missing = StoredItems.notFound("item", ctx.pathParam("item"));
        if (!stores.conversations().removeItem(of.tenant().id(), conversation.id(), ctx.pathParam("item"))) {
            throw missing;
        }
        parts.answers().json(ctx, 200, json(conversation));
    }
}
