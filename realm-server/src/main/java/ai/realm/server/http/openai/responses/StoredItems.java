package ai.realm.server.http.openai.responses;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Conversations;
import ai.realm.server.accounts.StoredResponses;
import ai.realm.server.accounts.StoredResponses.Chain;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.http.json.Json;
import ai.realm.server.domain.Tenant;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What one tenant has stored, as items. */
record StoredItems(TenantStores stores, Tenant tenant) implements ResponsesReader.Memory {
    /** Items of a response have its name and their place in theirs, so that one is found without a list of all. */
    private static final Pattern ITEM = Pattern.compile("[a-z]{2,4}_([0-9a-f]{24})_(\\d{1,5})");
    private static final int MAX_SHOWN = 64;

    static final String RESPONSE = "resp_";

    /** The id of the item at a place of a response's output. */
    static String itemId(String prefix, String responseId, int place) {
        return prefix + responseId.substring(RESPONSE.length()) + "_" + place;
    }

    static RealmException notFound(String what, String id) {
        String shown = (id.length() > MAX_SHOWN ? id.substring(0, MAX_SHOWN) + "…" : id).replaceAll("[^\\x21-\\x7e…]", "?");
        return new RealmException(ErrorCode.NOT_FOUND, "there is no " + what + " '" + shown + "', or it is not kept any more");
    }

    Stored response(String id) {
        Stored found = found(id);
        if (!stores.responses().isAbandoned(found)) {
            return found;
        }
        ObjectNode failed = ((ObjectNode) parse(found.json())).put("status", "failed");
        failed.putObject("error").put("code", "server_error").put("message",
                "the server that made the response ended before it was complete");
        String state = failed.toString();
        return stores.responses().abandon(tenant.id(), id, state) ? found.with(state) : found(id);
    }

    /** Ends a response that another server makes. */
    Stored cancel(Stored running, ObjectNode state) {
        return stores.responses().cancel(tenant.id(), running.id(), state.toString())
                ? running.with(state.toString())
                : found(running.id());
    }

    private Stored found(String id) {
        Stored found = stores.responses().find(tenant.id(), id);
        if (found == null) {
            throw notFound("response", id);
        }
        return found;
    }

    @Override
    public List<JsonNode> before(String previous) {
        Chain chain = stores.responses().chain(tenant.id(), previous);
        if (chain.all().isEmpty()) {
            RealmException e = notFound("response", previous);
            throw new RealmException(e.code(), String.valueOf(e.getMessage()), "previous_response_id", e);
        }
        if (chain.all().getLast().leaseMillis() > 0 && response(previous).leaseMillis() > 0) {
            throw RealmException.badParam("previous_response_id",
                    "the response that this one goes on from is not complete yet; wait for it or cancel it");
        }
        if (!chain.whole()) {
            throw new RealmException(ErrorCode.NOT_FOUND, "an earlier response that this one goes on from is not kept any more, "
                    + "or there are too many", "previous_response_id", null);
        }
        List<JsonNode> items = new ArrayList<>();
        for (Stored one : chain.all()) {
            items.add(parse(one.input()));
            items.add(parse(one.json()).path("output"));
        }
        return items;
    }

    /** The items that a response was made from, those of earlier ones first. */
    ArrayNode inputOf(Stored response) {
        ArrayNode all = Json.mapper().createArrayNode();
        if (response.previous() != null) {
            for (Stored one : stores.responses().chain(tenant.id(), response.previous()).all()) {
                all.addAll((ArrayNode) parse(one.input()));
                all.addAll((ArrayNode) parse(one.json()).path("output"));
            }
        }
        return all.addAll((ArrayNode) parse(response.input()));
    }

    @Override
    public JsonNode conversation(String id) {
        requireConversation(id);
        stores.conversations().requireRoom(tenant.id(), tenant.limits().storage());
        long bytes = stores.conversations().bytes(tenant.id(), id);
        if (bytes > Conversations.MOST_READ) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    "the conversation has " + bytes + " bytes of items, and a response"
                            + " goes on from at most " + Conversations.MOST_READ + "; delete some or begin another",
                    "conversation", null);
        }
        ArrayNode items = Json.mapper().createArrayNode();
        stores.conversations().items(tenant.id(), id).forEach(i -> items.add(parse(i.json())));
        return items;
    }

    Conversations.Conversation requireConversation(String id) {
        Conversations.Conversation found = stores.conversations().find(tenant.id(), id);
        if (found == null) {
            throw notFound("conversation", id);
        }
        return found;
    }

    @Override
    public @Nullable ObjectNode item(String id) {
        Matcher parts = ITEM.matcher(id);
        Stored response = parts.matches() ? stores.responses().find(tenant.id(), RESPONSE + parts.group(1)) : null;
        return response != null
                && parse(response.json()).path("output").get(Integer.parseInt(parts.group(2))) instanceof ObjectNode item
                        ? item
                        : null;
    }

    /** Items as a conversation keeps them. */
    static List<Conversations.Item> kept(JsonNode items) {
        List<Conversations.Item> kept = new ArrayList<>();
        items.forEach(i -> kept.add(new Conversations.Item(i.path("id").asText(), i.toString())));
        return kept;
    }

    /** What the server itself has stored. */
    static JsonNode parse(String json) {
        try {
            return Json.mapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INTERNAL, "what is stored cannot be read", e);
        }
    }
}
