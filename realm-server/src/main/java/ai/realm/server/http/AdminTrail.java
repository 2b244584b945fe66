package ai.realm.server.http;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.AuditTrail;
import ai.realm.server.domain.AdminKey;
import ai.realm.server.domain.AdminRole;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.RequestIds;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What stands around every request of the admin API: whose key it has, what its role allows, and an entry in the audit trail for each
 * that is not a mere question. Thread-safe.
 */
final class AdminTrail {
    private static final String ENTRY = "realm.audit-entry";
    private static final String KEY = "realm.admin-key";
    private static final String BODY = "realm.audit-body";
    private static final Pattern SECRET = Pattern
            .compile(".*(secret|passw|key|credential|authorization|cookie|^headers$|token$).*");
    private static final int MOST_DETAILS = 4096;
    private static final int MOST_NAME = 128;

    private final AdminGate gate;
    private final AuditTrail trail;
    private final Answers answers;

    AdminTrail(AdminGate gate, AuditTrail trail, Answers answers) {
        this.gate = gate;
        this.trail = trail;
        this.answers = answers;
    }

    /** Before a route of the admin API. */
    void before(Context ctx) {
        AdminKey key = gate.who(ctx);
        ctx.attribute(KEY, key);
        String method = ctx.req().getMethod();
        if (!AdminGate.isRead(method)) {
            ctx.attribute(ENTRY, trail.begin(new AuditTrail.Begun(key.name(), key.role().label(), action(method, ctx.path()),
                    cut(named(ctx.path()), MOST_NAME), RequestIds.of(ctx), ctx.req().getRemoteAddr())));
        }
        gate.require(key, method, ctx.path());
    }

    /** Whether whoever asks may change what is shown. */
    static boolean mayChange(Context ctx) {
        AdminKey key = ctx.attribute(KEY);
        return key != null && key.may(AdminRole.OPERATOR);
    }

    /** The body of the request, which the trail shows without its secrets. */
    static void body(Context ctx, JsonNode body) {
        ctx.attribute(BODY, body.deepCopy());
    }

    /** After it, however it ended. */
    void after(Context ctx) {
        Long entry = ctx.attribute(ENTRY);
        if (entry == null) {
            return;
        }
        JsonNode body = ctx.attribute(BODY);
        String target = named(ctx.path());
        if (target.isEmpty() && body != null) {
            target = body.path(body.has("id") ? "id" : "name").asText();
        }
        trail.endAnyway(entry, cut(target, MOST_NAME), ctx.statusCode(), details(ctx.path(), body));
    }

    /** The method and the path with names left out, as {@code DELETE /admin/tenants/{id}/keys/{…}}. */
    private static String action(String method, String path) {
        List<String> parts = parts(path);
        StringBuilder action = new StringBuilder(method);
        for (int i = 0; i < parts.size(); i++) {
            action.append(i == 0 ? " /" : "/").append(i == 2 ? "{id}" : i > 3 ? "{…}" : parts.get(i));
        }
        return cut(action.toString(), MOST_NAME);
    }

    private static String named(String path) {
        List<String> parts = parts(path);
        return parts.size() > 2 ? parts.get(2) : "";
    }

    private static List<String> parts(String path) {
        return Stream.of(path.split("/")).filter(p -> !p.isEmpty()).toList();
    }

    private static String cut(String text, int most) {
        return text.length() > most ? text.substring(0, most) : text;
    }

    private static String details(String path, @Nullable JsonNode body) {
        ObjectNode details = Json.mapper().createObjectNode().put("path", cut(path, MOST_NAME * 4));
        if (body != null) {
            details.set("request", withoutSecrets(body));
        }
        String text = details.toString();
        return text.length() <= MOST_DETAILS
                ? text
                : details.put("request", "too long to be kept").toString();
    }

    private static JsonNode withoutSecrets(JsonNode node) {
        if (node instanceof ObjectNode o) {
            ObjectNode copy = Json.mapper().createObjectNode();
            o.properties().forEach(e -> {
                boolean secret = SECRET.matcher(e.getKey().toLowerCase(Locale.ROOT)).matches();
                copy.set(e.getKey(), secret ? names(e.getValue()) : withoutSecrets(e.getValue()));
            });
            return copy;
        }
        if (node instanceof ArrayNode a) {
            ArrayNode copy = Json.mapper().createArrayNode();
            a.forEach(n -> copy.add(withoutSecrets(n)));
            return copy;
        }
        return node;
    }

    /** Of an object with secrets the names, of a secret that it was there. */
    private static JsonNode names(JsonNode secret) {
        if (secret instanceof ObjectNode o) {
            ObjectNode copy = Json.mapper().createObjectNode();
            o.properties().forEach(e -> copy.put(e.getKey(), "…"));
            return copy;
        }
        return Json.mapper().getNodeFactory().textNode("…");
    }

    /** {@code GET /admin/audit}. */
    void list(Context ctx) {
        int limit = (int) number(ctx, "limit", 100, 1000);
        String before = ctx.queryParam("before");
        List<AuditTrail.Entry> found = trail.list(limit + 1,
                before == null ? null : Long.valueOf(number(ctx, "before", 0, Long.MAX_VALUE)),
                ctx.queryParam(ctx.queryParam("target") == null ? "tenant" : "target"));
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        found.stream().limit(limit).forEach(e -> data.add(entry(e)));
        answers.json(ctx, 200, answer.put("has_more", found.size() > limit));
    }

    private static ObjectNode entry(AuditTrail.Entry e) {
        ObjectNode json = Json.mapper().createObjectNode().put("id", e.id()).put("at", e.at().toString()).put("key", e.keyName())
                .put("role", e.role()).put("action", e.action()).put("target", e.target());
        json.set("outcome", e.outcome() == 0 ? null : json.numberNode(e.outcome()));
        json.put("request_id", e.requestId()).put("address", e.address());
        json.set("details", Json.object(e.details().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        return json;
    }

    private static long number(Context ctx, String name, long otherwise, long most) {
        String given = ctx.queryParam(name);
        if (given == null) {
            return otherwise;
        }
        if (!given.matches("\\d{1,18}") || Long.parseLong(given) < 1 || Long.parseLong(given) > most) {
            throw RealmException.badParam(name, name + " must be a whole number from 1 to " + most);
        }
        return Long.parseLong(given);
    }
}
