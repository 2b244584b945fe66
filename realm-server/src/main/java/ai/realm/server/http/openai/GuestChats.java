package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.ReasoningUse;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** Chats that guests write, in the format of chat requests. */
public final class GuestChats {
    private GuestChats() {
    }

    public static Chat read(String json) {
        JsonNode given;
        try {
            given = Json.mapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw RealmException.badParam("messages", "the messages are not JSON");
        }
        JsonNode whole = given.isArray() ? Json.mapper().createObjectNode().set("messages", given) : given;
        JsonFields fields = JsonFields.of(whole, "chat");
        return new Chat(Messages.read(fields.require("messages")), "", ToolFields.read(fields), ReasoningUse.DEFAULT, Map.of());
    }
}
