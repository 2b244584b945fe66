package ai.realm.server.http.openai.responses;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.StoredResponses.Stored;
import ai.realm.server.domain.StorageLimits;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps responses in the server's database. An answer that was made is given even when it cannot be kept, and says so. */
record StoreKeeper(StoredItems items) implements Keeper {
    private static final Logger LOG = LoggerFactory.getLogger(StoreKeeper.class);
    private static final long SECOND = 1000;

    @Override
    public boolean keep(ResponsesReader.Read request, ObjectNode response) {
        String tenant = items.tenant().id();
        StorageLimits limits = items.tenant().limits().storage();
        try {
            append(request, response);
            return request.store() && items.stores().responses().put(tenant,
                    new Stored(response.path("id").asText(), request.previous(), response.path("created_at").asLong() * SECOND,
                            request.input().toString(), response.toString()),
                    limits);
        } catch (RealmException e) {
            notKept(response, e);
            return false;
        }
    }

    /** Keeps only what a response adds to a conversation. */
    void addToConversation(ResponsesReader.Read request, ObjectNode response) {
        try {
            append(request, response);
        } catch (RealmException e) {
            notKept(response, e);
        }
    }

    private void append(ResponsesReader.Read request, ObjectNode response) {
        String conversation = request.conversation();
        if (conversation != null) {
            ArrayNode added = request.input().deepCopy();
            added.addAll((ArrayNode) response.path("output"));
            items.stores().conversations().append(items.tenant().id(), conversation, StoredItems.kept(added),
                    items.tenant().limits().storage());
        }
    }

    private void notKept(ObjectNode response, RealmException e) {
        LOG.warn("a response is not kept tenant={} response={} error_code={} cause={}", items.tenant().id(),
                response.path("id").asText(), e.code(), e.getMessage());
    }
}
