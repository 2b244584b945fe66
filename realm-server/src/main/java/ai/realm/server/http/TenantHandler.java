package ai.realm.server.http;

import ai.realm.server.accounts.GuestVersions;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantJson;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.tenant.TenantGate;
import ai.realm.server.tenant.TenantGuests;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.List;

/** {@code GET /v1/tenant}: what a tenant may know of itself: its name, models, limits, and the versions of its guest. */
final class TenantHandler {
    /** Neither keys nor what the guest is configured with; {@code guest} may be a path of the operator's. */
    private static final List<String> SHOWN = List.of("id", "name", "models", "default_model", "priority", "weight", "limits",
            "guest_limits");

    private final TenantGate gate;
    private final TenantGuests guests;
    private final Answers answers;

    TenantHandler(TenantGate gate, TenantGuests guests, Answers answers) {
        this.gate = gate;
        this.guests = guests;
        this.answers = answers;
    }

    void own(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        ObjectNode all = TenantJson.of(tenant);
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "tenant");
        for (String name : SHOWN) {
            JsonNode value = all.get(name);
            if (value != null) {
                answer.set(name, value);
            }
        }
        answer.set("guests", versions(guests.versions(tenant)));
        gate.rateHeaders(tenant).forEach(ctx::header);
        answers.json(ctx, 200, answer);
    }

    /** A tenant's guests, with the number of the active one, 0 when it is the guest of the configuration. */
    static ObjectNode versions(List<GuestVersions.Version> versions) {
        int active = versions.stream().filter(GuestVersions.Version::active).mapToInt(GuestVersions.Version::version).findFirst()
                .orElse(0);
        ObjectNode answer = Json.mapper().createObjectNode().put("object", "list").put("active", active);
        ArrayNode data = answer.putArray("data");
        versions.forEach(v -> data.add(version(v)));
        return answer;
    }

    static ObjectNode version(GuestVersions.Version v) {
        return Json.mapper().createObjectNode().put("version", v.version()).put("digest", v.digest()).put("active", v.active())
                .put("share", v.share()).put("bytes", v.bytes())
                .put("pushed_at", Instant.ofEpochMilli(v.pushedMillis()).toString());
    }
}
