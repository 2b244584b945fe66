package ai.realm.server.http.openai.batches;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Batches.Batch;
import ai.realm.server.accounts.Batches.Counts;
import ai.realm.server.accounts.Batches.Times;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.openai.Metadata;
import ai.realm.server.http.openai.Page;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.time.Clock;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** OpenAI's batches: made, looked at and cancelled. Another tenant's is not there. */
public final class BatchRoutes {
    private static final long SECOND = 1000;
    private static final Pattern WINDOW = Pattern.compile("(\\d{1,3})([mhd])");
    private static final Duration LONGEST = Duration.ofDays(7);

    private final TenantGate gate;
    private final TenantStores stores;
    private final Answers answers;
    private final BatchRunner runner;
    private final Clock clock;

    public BatchRoutes(TenantGate gate, TenantStores stores, Answers answers, BatchRunner runner, Clock clock) {
        this.gate = gate;
        this.stores = stores;
        this.answers = answers;
        this.runner = runner;
        this.clock = clock;
    }

    /** {@code POST /v1/batches}. */
    public void create(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        try (Permit _ = gate.admit(RequestIds.of(ctx), tenant, ctx.req().getContentLengthLong()).permit()) {
            JsonFields f = JsonFields.of(Json.object(answers.body(ctx, tenant.limits().bodyBytes())));
            Batch made = read(f, tenant);
            stores.batches().create(made);
            runner.wake();
            answers.json(ctx, 200, json(made));
        }
    }

    private Batch read(JsonFields f, Tenant tenant) {
        String endpoint = JsonFields.text(f.require("endpoint"), "endpoint");
        if (!runner.endpoints().contains(endpoint)) {
            throw RealmException.badParam("endpoint", "endpoint must be one of " + String.join(", ", runner.endpoints()));
        }
        String window = JsonFields.text(f.require("completion_window"), "completion_window");
        String input = JsonFields.text(f.require("input_file_id"), "input_file_id");
        if (stores.files().find(tenant.id(), input) == null) {
            throw new RealmException(ErrorCode.NOT_FOUND, "there is no file of this id, or it is not kept any more",
                    "input_file_id",
                    null);
        }
        long now = clock.millis() / SECOND * SECOND;
        return new Batch(Ids.fresh("batch_"), tenant.id(), endpoint, input, window, Metadata.read(f).toString(), "validating",
                new Counts(0, 0, 0), new Times(now, now + window(window).toMillis(), 0, 0, 0, 0), null, null, null);
    }

    private static Duration window(String given) {
        Matcher parts = WINDOW.matcher(given);
        if (parts.matches()) {
            long n = Long.parseLong(parts.group(1));
            Duration window = switch (parts.group(2)) {
                case "m" -> Duration.ofMinutes(n);
                case "h" -> Duration.ofHours(n);
                default -> Duration.ofDays(n);
            };
            if (window.isPositive() && window.compareTo(LONGEST) <= 0) {
                return window;
            }
        }
        throw RealmException.badParam("completion_window", "completion_window must be like 24h, and at most 7d");
    }

    private static ObjectNode json(Batch b) {
        Times t = b.times();
        ObjectNode json = Json.mapper().createObjectNode().put("id", b.id()).put("object", "batch").put("endpoint", b.endpoint());
        json.set("errors", b.errors() == null ? null : parse(b.errors()));
        json.put("input_file_id", b.inputFile()).put("completion_window", b.window()).put("status", b.status())
                .put("output_file_id", b.outputFile()).put("error_file_id", b.errorFile())
                .put("created_at", t.created() / SECOND);
        json.put("in_progress_at", seconds(t.inProgress())).put("expires_at", seconds(t.expires()));
        json.put("finalizing_at", seconds(t.finalizing()));
        for (String end : new String[]{"completed", "failed", "expired", "cancelled"}) {
            json.put(end + "_at", b.status().equals(end) ? seconds(t.ended()) : null);
        }
        json.put("cancelling_at", seconds(t.cancelling()));
        json.putObject("request_counts").put("total", b.counts().total()).put("completed", b.counts().completed()).put("failed",
                b.counts().failed());
        json.set("metadata", parse(b.metadata()));
        return json;
    }

    private static @Nullable Long seconds(long millis) {
        return millis == 0 ? null : (Long) (millis / SECOND);
    }

    private static JsonNode parse(String json) {
        try {
            return Json.mapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INTERNAL, "what is stored of a batch cannot be read", e);
        }
    }

    private Batch find(Tenant tenant, String id) {
        Batch found = stores.batches().find(tenant.id(), id);
        if (found == null) {
            throw new RealmException(ErrorCode.NOT_FOUND, "there is no batch of this id");
        }
        return found;
    }

    /** {@code GET /v1/batches/{id}}. */
    public void get(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        answers.json(ctx, 200, json(find(tenant, ctx.pathParam("id"))));
    }

    /** {@code GET /v1/batches}. */
    public void list(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        ArrayNode all = Json.mapper().createArrayNode();
        stores.batches().all(tenant.id()).forEach(b -> all.add(json(b)));
        answers.json(ctx, 200, Page.of(ctx, all));
    }

    /** {@code POST /v1/batches/{id}/cancel}: one that has ended stays as it is. */
    public void cancel(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        String id = ctx.pathParam("id");
        var _ = find(tenant, id);
        stores.batches().cancel(tenant.id(), id);
        runner.wake();
        answers.json(ctx, 200, json(find(tenant, id)));
    }
}
