package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.admin.AdminService;
import ai.realm.server.admin.KeyOrder;
import ai.realm.server.domain.KeyFacts;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.model.ModelService;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The admin API under {@code /admin}: tenants, keys, guests, models, usage. Every route needs the admin's key. */
final class AdminHandler {
    private static final int MAX_JSON = 1 << 20;

    private static final Pattern ETAG = Pattern.compile("(?:W/)?\"?(\\d{1,18})\"?");

    private final AdminService service;
    private final ModelService models;
    private final UsageHandler usage;
    private final GuestLogHandler logs;
    private final Answers answers;
    private final AdminTrail trail;
    private final Operations operations;

    AdminHandler(AdminGate gate, AdminService service, ModelService models, UsageHandler usage, GuestLogHandler logs,
            Answers answers,
            Operations operations) {
        this.trail = new AdminTrail(gate, operations.trail(), answers);
        this.operations = operations;
        this.logs = logs;
        this.service = service;
        this.models = models;
        this.usage = usage;
        this.answers = answers;
    }

    void routes(JavalinConfig c) {
        c.routes.before("/admin/*", trail::before);
        c.routes.after("/admin/*", trail::after);
        c.routes.get("/admin/audit", trail::list);
        c.routes.post("/admin/reload", this::reload);
        c.routes.get("/admin/tenants", this::list);
        c.routes.post("/admin/tenants", ctx -> tenant(ctx, 201, service.create(json(ctx))));
        c.routes.get("/admin/tenants/{id}", ctx -> tenant(ctx, 200, service.get(id(ctx))));
        c.routes.patch("/admin/tenants/{id}", ctx -> {
            ObjectNode patch = json(ctx);
            tenant(ctx, 200, service.update(id(ctx), patch, version(ctx, patch)));
        });
        c.routes.delete("/admin/tenants/{id}", ctx -> {
            service.remove(id(ctx), version(ctx, null));
            answers.json(ctx, 200, Map.of("id", id(ctx), "removed", true));
        });
        c.routes.post("/admin/tenants/{id}/keys", ctx -> {
            KeyOrder order = keyOrder(json(ctx));
            tenant(ctx, 201, service.addKey(id(ctx), order, version(ctx, null)));
        });
        c.routes.patch("/admin/tenants/{id}/keys/{hash}", ctx -> {
            ObjectNode given = keyFacts(json(ctx));
            tenant(ctx, 200, service.changeKey(id(ctx), ctx.pathParam("hash"), given, version(ctx, null)));
        });
        c.routes.delete("/admin/tenants/{id}/keys/{hash}",
                ctx -> tenant(ctx, 200, service.removeKey(id(ctx), ctx.pathParam("hash"), version(ctx, null))));
        new GuestAdminHandler(service, logs, answers, this::json).routes(c);
        c.routes.get("/admin/usage", usage::any);
        c.routes.get("/admin/budgets", usage::budgets);
        new ModelAdminHandler(models, answers, this::json).routes(c);
    }

    private static String id(Context ctx) {
        return ctx.pathParam("id");
    }

    private ObjectNode json(Context ctx) {
        byte[] body = answers.body(ctx, MAX_JSON);
        ObjectNode json = body.length == 0 ? Json.mapper().createObjectNode() : Json.object(body);
        AdminTrail.body(ctx, json);
        return json;
    }

    private void reload(Context ctx) {
        Supplier<ObjectNode> reload = operations.reload();
        if (reload == null) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the server was started without a configuration file");
        }
        answers.json(ctx, 200, reload.get());
    }

    private static KeyOrder keyOrder(ObjectNode body) {
        JsonFields fields = JsonFields.of(body);
        String name = KeyFacts.name("name", fields.string("name"));
        Instant expires = KeyFacts.time("expires_at", fields.string("expires_at"));
        Long overlap = fields.integer("overlap_seconds", 0, 366L * 86_400);
        fields.end();
        return new KeyOrder(name, expires, overlap == null ? null : Duration.ofSeconds(overlap));
    }

    /** As they are kept; null takes one away. */
    private static ObjectNode keyFacts(ObjectNode body) {
        ObjectNode given = Json.mapper().createObjectNode();
        JsonFields fields = JsonFields.of(body);
        if (body.has("name")) {
            given.put("name", KeyFacts.name("name", fields.string("name")));
        }
        if (body.has("expires_at")) {
            Instant expires = KeyFacts.time("expires_at", fields.string("expires_at"));
            given.put("expires", expires == null ? null : expires.toString());
        }
        fields.end();
        return given;
    }

    private void tenant(Context ctx, int status, AdminService.Change tenant) {
        ctx.header("ETag", "\"" + tenant.version() + "\"");
        answers.json(ctx, status, shown(ctx, tenant));
    }

    /**
     * The version that a change is bound to, taken out of the body or from {@code If-Match}; null when it is bound to none.
     */
    private static @Nullable Long version(Context ctx, @Nullable ObjectNode body) {
        JsonNode field = body == null ? null : body.remove("version");
        if (field != null && !field.isNull()) {
            if (!field.canConvertToLong() || !field.isIntegralNumber()) {
                throw RealmException.badParam("version", "version must be a whole number, as GET shows it");
            }
            return field.longValue();
        }
        String match = ctx.header("If-Match");
        if (match == null || match.isBlank() || match.strip().equals("*")) {
            return null;
        }
        Matcher number = ETAG.matcher(match.strip());
        if (!number.matches()) {
            throw RealmException.badParam("If-Match", "If-Match must be the ETag of one version, as \"7\"");
        }
        return Long.valueOf(number.group(1));
    }

    private void list(Context ctx) {
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        service.list().forEach(t -> data.add(shown(ctx, t)));
        answers.json(ctx, 200, answer);
    }

    /** Headers that guests' requests are given may hold what opens other machines: who only looks is not shown it. */
    private static ObjectNode shown(Context ctx, AdminService.Change tenant) {
        ObjectNode json = tenant.json();
        if (!AdminTrail.mayChange(ctx)) {
            json.path("guest_http").forEach(rule -> {
                ObjectNode headers = (ObjectNode) rule.path("headers");
                headers.properties().forEach(h -> h.setValue(headers.textNode("…")));
            });
        }
        return json;
    }
}
