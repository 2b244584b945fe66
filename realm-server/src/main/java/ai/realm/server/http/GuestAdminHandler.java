package ai.realm.server.http;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.admin.AdminService;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.Answers;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The admin API of guests, under {@code /admin/tenants/ID/guests}: versions pushed, staged, rolled back and given shares of requests. */
final class GuestAdminHandler {
    private static final int MAX_MODULE = 64 << 20;
    private static final String PATH = "/admin/tenants/{id}/guests";

    private final AdminService service;
    private final GuestLogHandler logs;
    private final Answers answers;
    private final Function<Context, ObjectNode> json;

    /** @param json reads a body */
    GuestAdminHandler(AdminService service, GuestLogHandler logs, Answers answers, Function<Context, ObjectNode> json) {
        this.service = service;
        this.logs = logs;
        this.answers = answers;
        this.json = json;
    }

    void routes(JavalinConfig c) {
        c.routes.get(PATH, ctx -> answers.json(ctx, 200, TenantHandler.versions(service.guestVersions(id(ctx)))));
        c.routes.post(PATH, this::push);
        c.routes.post(PATH + "/rollback",
                ctx -> answers.json(ctx, 200, TenantHandler.versions(service.rollback(id(ctx), wantedVersion(json.apply(ctx))))));
        c.routes.put(PATH + "/traffic",
                ctx -> answers.json(ctx, 200, TenantHandler.versions(service.shareTraffic(id(ctx), shares(json.apply(ctx))))));
        c.routes.get(PATH + "/logs", ctx -> {
            service.get(id(ctx));
            logs.of(ctx);
        });
    }

    private static String id(Context ctx) {
        return ctx.pathParam("id");
    }

    private void push(Context ctx) {
        String staged = ctx.queryParam("staged");
        if (staged != null && !staged.equals("true") && !staged.equals("false")) {
            throw RealmException.badParam("staged", "staged must be true or false");
        }
        byte[] wasm = answers.body(ctx, MAX_MODULE);
        GuestVersions.Version version = "true".equals(staged)
                ? service.stageGuest(id(ctx), wasm)
                : service.pushGuest(id(ctx), wasm);
        answers.json(ctx, 201, TenantHandler.version(version));
    }

    private static @Nullable Integer wantedVersion(ObjectNode body) {
        JsonFields fields = JsonFields.of(body);
        Long version = fields.integer("version", 0, Integer.MAX_VALUE);
        fields.end();
        return version == null ? null : version.intValue();
    }

    /** {@code {"3": 95, "4": 5}}: parts of a hundred by version. */
    private static List<GuestVersions.Share> shares(ObjectNode body) {
        List<GuestVersions.Share> shares = new ArrayList<>();
        for (Map.Entry<String, JsonNode> e : body.properties()) {
            JsonNode share = e.getValue();
            if (!e.getKey().matches("[1-9]\\d{0,8}") || !share.isIntegralNumber() || share.asLong() < 1 || share.asLong() > 100) {
                throw RealmException.badParam("traffic",
                        "traffic must be as {\"3\": 95, \"4\": 5}: versions, and whole parts of a hundred");
            }
            shares.add(new GuestVersions.Share(Integer.parseInt(e.getKey()), share.intValue()));
        }
        return shares;
    }
}
