package ai.realm.server.http;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.GuestLogs;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.time.Instant;

/** {@code GET /v1/guest/logs}: what a tenant's guests have logged, for the tenant; the admin asks for any tenant. */
final class GuestLogHandler {
    private static final String[] LEVELS = {"error", "warn", "info", "debug"};
    private static final int USUAL = 100;
    private static final int SHOWN_DIGEST = 12;

    private final TenantGate gate;
    private final GuestLogs logs;
    private final Answers answers;

    GuestLogHandler(TenantGate gate, GuestLogs logs, Answers answers) {
        this.gate = gate;
        this.logs = logs;
        this.answers = answers;
    }

    void own(Context ctx) {
        answer(ctx, gate.authenticate(Callers.of(ctx)).id());
    }

    /** For the admin. */
    void of(Context ctx) {
        answer(ctx, ctx.pathParam("id"));
    }

    private void answer(Context ctx, String tenant) {
        int limit = (int) number(ctx, "limit", USUAL, 1, GuestLogs.KEPT);
        long after = number(ctx, "after", 0, 0, Long.MAX_VALUE);
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        for (GuestLogs.Line l : logs.newest(tenant, after, limit)) {
            data.addObject().put("id", l.seq()).put("at", Instant.ofEpochMilli(l.atMillis()).toString())
                    .put("level", LEVELS[Math.clamp(l.level(), 0, LEVELS.length - 1)]).put("message", l.text())
                    .put("request_id", l.requestId())
                    .put("version", l.guest().substring(0, Math.min(SHOWN_DIGEST, l.guest().length())));
        }
        answers.json(ctx, 200, answer);
    }

    private static long number(Context ctx, String name, long otherwise, long min, long max) {
        String given = ctx.queryParam(name);
        if (given == null) {
            return otherwise;
        }
        long value = given.matches("\\d{1,18}") ? Long.parseLong(given) : -1;
        if (value < min || value > max) {
            throw RealmException.badParam(name, name + " must be a whole number of " + min + " to " + max);
        }
        return value;
    }
}
