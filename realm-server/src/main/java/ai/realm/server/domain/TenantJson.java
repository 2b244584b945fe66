package ai.realm.server.domain;

import ai.realm.runtime.guest.GuestLimits;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A tenant as JSON, with the names that {@code realm.yaml} has; {@link ConfigLoader#tenant} reads it back. */
public final class TenantJson {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private TenantJson() {
    }

    /** Everything, the hashes of its keys and its secrets included. */
    public static ObjectNode of(Tenant t) {
        ObjectNode json = MAPPER.createObjectNode().put("id", t.id()).put("name", t.name());
        ArrayNode keys = json.putArray("keys");
        t.keyHashes().forEach(keys::add);
        if (!t.keyFacts().isEmpty()) {
            ObjectNode facts = json.putObject("key_facts");
            t.keyFacts().forEach((hash, f) -> facts.set(hash, facts(f)));
        }
        json.put("suspended", t.suspended());
        ArrayNode models = json.putArray("models");
        t.models().forEach(models::add);
        if (!t.defaultModel().isEmpty()) {
            json.put("default_model", t.defaultModel());
        }
        json.put("guest", t.guest()).put("priority", t.priority().label());
        ObjectNode config = json.putObject("guest_config");
        t.guestConfig().forEach((name, value) -> {
            if (!t.secretConfig().contains(name)) {
                config.put(name, value);
            }
        });
        ObjectNode secrets = json.putObject("guest_secrets");
        t.secretConfig().forEach(name -> secrets.put(name, t.guestConfig().get(name)));
        ArrayNode rules = json.putArray("guest_http");
        t.guestHttp().forEach(r -> {
            ObjectNode rule = rules.addObject().put("url", r.url()).put("private", r.privateAddresses());
            ArrayNode methods = rule.putArray("methods");
            r.methods().stream().sorted().forEach(methods::add);
            ObjectNode headers = rule.putObject("headers");
            r.headers().forEach(headers::put);
        });
        ObjectNode schedule = json.putObject("guest_schedule");
        t.guestSchedule().forEach((name, times) -> schedule.put(name, times.toString()));
        limits(json.putObject("limits"), t.limits());
        guestLimits(json.putObject("guest_limits"), t.guestLimits());
        return json.put("weight", t.weight());
    }

    /** What is known of a key. */
    public static ObjectNode facts(KeyFacts f) {
        ObjectNode json = MAPPER.createObjectNode();
        if (f.name() != null) {
            json.put("name", f.name());
        }
        if (f.created() != null) {
            json.put("created", f.created().toString());
        }
        if (f.expires() != null) {
            json.put("expires", f.expires().toString());
        }
        return json;
    }

    private static void limits(ObjectNode json, TenantLimits l) {
        json.put("requests_per_minute", l.requestsPerMinute()).put("tokens_per_minute", l.tokensPerMinute())
                .put("tokens_per_day", l.tokensPerDay()).put("concurrent_requests", l.concurrentRequests())
                .put("context_length", l.contextLength()).put("max_tokens", l.maxTokens()).put("body_bytes", l.bodyBytes())
                .put("deadline_seconds", (int) l.deadline().toSeconds())
                .put("response_bytes", l.storage().responseBytes())
                .put("response_hours", (int) l.storage().responseLife().toHours())
                .put("file_bytes", l.storage().fileBytes()).put("files", l.storage().files());
    }

    private static void guestLimits(ObjectNode json, GuestLimits l) {
        json.put("memory_pages", l.memoryPages()).put("table_elements", l.tableElements()).put("stack_bytes", l.stackBytes())
                .put("deadline_ms", (int) l.deadline().toMillis()).put("cpu_ms", (int) l.cpuTime().toMillis())
                .put("generations", l.generations()).put("generated_tokens", l.generatedTokens())
                .put("output_bytes", l.outputBytes()).put("log_lines", l.logLines()).put("kv_bytes", l.kvBytes())
                .put("kv_updates", l.kvUpdates())
                .put("embeddings", l.outside().embeddings()).put("http_requests", l.outside().httpRequests())
                .put("http_bytes", l.outside().httpBytes()).put("http_ms", (int) l.outside().httpTime().toMillis())
                .put("concurrent_instances", l.concurrentInstances()).put("module_bytes", l.moduleBytes())
                .put("compile_ms", (int) l.compileTime().toMillis()).put("sequences", l.sequences().open())
                .put("forks", l.sequences().forks()).put("kv_positions", l.sequences().positions());
    }
}
