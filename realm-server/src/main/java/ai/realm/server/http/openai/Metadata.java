package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** What clients note down about what is stored. */
public final class Metadata {
    private static final int MAX_METADATA = 16;
    private static final int MAX_KEY = 64;
    private static final int MAX_VALUE = 512;

    private Metadata() {
    }

    /** Up to 16 short texts, which are kept with what they describe. */
    public static ObjectNode read(JsonFields fields) {
        JsonNode given = fields.take("metadata");
        if (given == null) {
            return Json.mapper().createObjectNode();
        }
        String at = fields.path("metadata");
        if (!(given instanceof ObjectNode object)) {
            throw JsonFields.wrongType(at, "an object of strings", given);
        }
        if (object.size() > MAX_METADATA) {
            throw RealmException.badParam(at, at + " may hold " + MAX_METADATA + " entries, not " + object.size());
        }
        object.properties().forEach(e -> {
            if (e.getKey().length() > MAX_KEY || JsonFields.text(e.getValue(), at + " value").length() > MAX_VALUE) {
                throw RealmException.badParam(at,
                        at + ": a name may have " + MAX_KEY + " characters and its value " + MAX_VALUE);
            }
        });
        return object;
    }
}
