package ai.realm.server.admin;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.KeyFacts;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantJson;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Changes of the keys of a tenant as it is kept: hashes under {@code keys}, what is known of them under {@code key_facts}. */
final class KeyEdits {
    private static final int SHOWN_HASH = 15;
    private static final int MOST = 100;
    private static final String FACTS = "key_facts";

    private KeyEdits() {
    }

    /** With one more key; those whose time is over are taken out. */
    static ObjectNode add(ObjectNode json, String key, KeyOrder order, Instant now) {
        List<String> left = new ArrayList<>();
        ObjectNode facts = json.withObjectProperty(FACTS);
        for (String hash : hashes(json)) {
            Instant end = end(facts, hash);
            if (end != null && !now.isBefore(end)) {
                facts.remove(hash);
                continue;
            }
            left.add(hash);
            Instant retired = order.overlap() == null ? null : now.plus(order.overlap());
            if (retired != null && (end == null || retired.isBefore(end))) {
                facts.withObjectProperty(hash).put("expires", retired.toString());
            }
        }
        if (left.size() >= MOST) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "a tenant may have " + MOST + " keys; remove one first");
        }
        String hash = ApiKeys.hash(key);
        left.add(hash);
        facts.set(hash, TenantJson.facts(order.facts(now)));
        ArrayNode keys = json.putArray("keys");
        left.forEach(keys::add);
        return json;
    }

    /** Without the key whose hash begins so. */
    static ObjectNode remove(String id, ObjectNode json, String hashBegin) {
        String hash = one(id, json, hashBegin);
        List<String> left = hashes(json).stream().filter(h -> !h.equals(hash)).toList();
        ArrayNode keys = json.putArray("keys");
        left.forEach(keys::add);
        json.withObjectProperty(FACTS).remove(hash);
        return json;
    }

    /** With another name or end of one key. @param given {@code name} and {@code expires}; null takes one away */
    static ObjectNode change(String id, ObjectNode json, String hashBegin, ObjectNode given) {
        String hash = one(id, json, hashBegin);
        ObjectNode facts = json.withObjectProperty(FACTS).withObjectProperty(hash);
        given.properties().forEach(e -> {
            if (e.getValue().isNull()) {
                facts.remove(e.getKey());
            } else {
                facts.set(e.getKey(), e.getValue());
            }
        });
        return json;
    }

    private static @Nullable Instant end(ObjectNode facts, String hash) {
        return KeyFacts.time("key_facts.expires", facts.path(hash).path("expires").textValue());
    }

    private static List<String> hashes(ObjectNode json) {
        return json.withArray("/keys").valueStream().map(JsonNode::asText).toList();
    }

    private static String one(String id, ObjectNode json, String hashBegin) {
        List<String> found = hashes(json).stream().filter(h -> h.startsWith(hashBegin)).toList();
        if (hashBegin.length() < SHOWN_HASH || found.size() != 1) {
            throw new RealmException(ErrorCode.NOT_FOUND, "tenant " + id + " has no one key whose hash begins so");
        }
        return found.getFirst();
    }

    /** For the eyes of the admin: beginnings of hashes, by which keys are removed, and what is known of each. */
    static void show(Tenant tenant, ObjectNode json, Instant now) {
        json.remove(FACTS);
        ArrayNode keys = json.putArray("keys");
        ArrayNode details = json.putArray("key_details");
        for (String hash : tenant.keyHashes()) {
            String begin = hash.substring(0, SHOWN_HASH);
            keys.add(begin);
            KeyFacts f = tenant.factsOf(hash);
            ObjectNode one = details.addObject().put("hash", begin).put("name", f.name())
                    .put("created_at", f.created() == null ? null : f.created().toString())
                    .put("expires_at", f.expires() == null ? null : f.expires().toString());
            one.put("expired", f.expires() != null && !now.isBefore(f.expires()));
        }
    }
}
