package ai.realm.server.domain;

import static ai.realm.server.domain.Checks.bad;
import static ai.realm.server.domain.Checks.in;
import static ai.realm.server.domain.Checks.millis;
import static ai.realm.server.domain.Checks.name;
import static ai.realm.server.domain.Checks.or;
import static ai.realm.server.domain.Checks.required;
import static ai.realm.server.domain.Checks.seconds;

import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.session.GenerateCommand.Priority;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is written of a tenant, checked; {@link TenantJson} writes it. */
public final class TenantReader {
    private static final int NAME_LENGTH = 256;
    private static final int MAX_SCHEDULES = 32;

    private TenantReader() {
    }

    /**
     * A tenant as {@link TenantJson} has it.
     *
     * @param models the names that may be granted
     */
    public static Tenant tenant(JsonNode json, Set<String> models) {
        return tenant(json, models, models);
    }

    /**
     * The same.
     *
     * @param usual the names that are granted when {@code json} names none
     */
    public static Tenant tenant(JsonNode json, Set<String> models, Set<String> usual) {
        TenantSettings entry = StrictYaml.read(json, TenantSettings.class, "tenant");
        return tenant(entry, "tenant", models, usual, Path.of(""));
    }

    /** Refuses what is no part of a tenant, or of the wrong type; the whole that it becomes part of is checked as a tenant. */
    public static void requirePartOfTenant(JsonNode patch) {
        StrictYaml.read(patch, TenantSettings.class, "tenant");
    }

    /** A tenant as it was kept, whatever the models are now. */
    public static Tenant keptTenant(JsonNode json) {
        Set<String> granted = new HashSet<>();
        json.path("models").forEach(m -> granted.add(m.asText()));
        return keptTenant(json, granted, granted);
    }

    /**
     * A tenant as it was kept.
     *
     * @param granted the names that may be granted
     * @param usual those that are when {@code json} names none
     */
    public static Tenant keptTenant(JsonNode json, Set<String> granted, Set<String> usual) {
        TenantSettings entry = StrictYaml.readKept(json, TenantSettings.class, "tenant");
        return tenant(entry, "tenant", granted, usual, Path.of(""));
    }

    /**
     * A tenant of the configuration.
     *
     * @param at its place there
     * @param models the names that may be granted
     * @param usual those that are granted when the tenant names none
     * @param base the directory that its files are relative to
     */
    public static Tenant tenant(TenantSettings t, String at, Set<String> models, Set<String> usual, Path base) {
        String id = name(required(at + ".id", t.id()), at + ".id");
        List<String> keys = or(t.keys(), List.<String>of());
        keys.forEach(k -> ApiKeys.check(at + ".keys", k));
        List<String> granted = or(t.models(), List.copyOf(usual));
        for (String m : granted) {
            if (!models.contains(m)) {
                throw bad(at + ".models: there is no model " + m + " under models");
            }
        }
        String preferred = t.defaultModel() != null ? t.defaultModel() : granted.isEmpty() ? "" : granted.getFirst();
        if (!preferred.isEmpty() && !granted.contains(preferred)) {
            throw bad(at + ".default_model: " + preferred + " is not among its models " + granted);
        }
        String guest = or(t.guest(), Tenant.DEFAULT_GUEST);
        if (!guest.equals(Tenant.DEFAULT_GUEST)) {
            guest = base.resolve(OperatorFile.path(at + ".guest", guest)).toString();
        }
        double weight = or(t.weight(), 1.0);
        if (!(weight > 0 && weight <= 1000)) {
            throw bad(at + ".weight must be above 0 and at most 1000, not " + weight);
        }
        String shown = or(t.name(), id);
        if (shown.length() > NAME_LENGTH || shown.chars().anyMatch(Character::isISOControl)) {
            throw bad(at + ".name may have " + NAME_LENGTH + " characters and no control characters");
        }
        return new Tenant(id, shown, keys, keyFacts(t, keys, at), or(t.suspended(), false), granted, preferred,
                guest, guestConfig(t, at), secrets(t).keySet(),
                HttpRule.all(t.guestHttp(), secrets(t), at + ".guest_http"), schedule(t, at + ".guest_schedule"),
                guestLimits(t.guestLimits(), at + ".guest_limits"),
                limits(t.limits(), at + ".limits"), weight, priority(t.priority(), at + ".priority"));
    }

    /** Of the keys that there are; a release that does not know facts may have removed others. */
    private static Map<String, KeyFacts> keyFacts(TenantSettings t, List<String> keys, String at) {
        Map<String, KeyFacts> facts = new LinkedHashMap<>();
        or(t.keyFacts(), Map.<String, TenantSettings.@Nullable Key>of()).forEach((hash, k) -> {
            if (k != null && keys.contains(hash)) {
                facts.put(hash, new KeyFacts(KeyFacts.name(at + ".key_facts.name", k.name()),
                        KeyFacts.time(at + ".key_facts.created", k.created()),
                        KeyFacts.time(at + ".key_facts.expires", k.expires())));
            }
        });
        return facts;
    }

    /** Settings and secrets, which a guest reads alike. */
    private static Map<String, String> guestConfig(TenantSettings t, String at) {
        Map<String, String> all = new LinkedHashMap<>(given(t.guestConfig()));
        secrets(t).forEach((name, value) -> {
            if (all.put(name, value) != null) {
                throw bad(at + ".guest_secrets: " + name + " is in guest_config too");
            }
        });
        return all;
    }

    private static Map<String, String> secrets(TenantSettings t) {
        return given(t.guestSecrets());
    }

    /** Without those that are null, which is absent. */
    private static Map<String, String> given(@Nullable Map<String, @Nullable String> map) {
        Map<String, String> given = new LinkedHashMap<>();
        or(map, Map.<String, @Nullable String>of()).forEach((name, value) -> {
            if (value != null) {
                given.put(name, value);
            }
        });
        return given;
    }

    private static Map<String, CronTimes> schedule(TenantSettings t, String at) {
        Map<String, String> given = given(t.guestSchedule());
        if (given.size() > MAX_SCHEDULES) {
            throw bad(at + " may have " + MAX_SCHEDULES + " entries, not " + given.size());
        }
        Map<String, CronTimes> times = new LinkedHashMap<>();
        given.forEach((name, text) -> times.put(name(name, at), CronTimes.of(at + "." + name, text)));
        return times;
    }

    private static Priority priority(@Nullable String given, String at) {
        Priority priority = given == null ? Priority.INTERACTIVE : Priority.of(given);
        if (priority == null) {
            throw bad(at + " must be interactive or batch, not " + given);
        }
        return priority;
    }

    private static TenantLimits limits(TenantSettings.@Nullable Limits l, String at) {
        TenantLimits d = TenantLimits.defaults();
        if (l == null) {
            return d;
        }
        return new TenantLimits(in(at + ".requests_per_minute", or(l.requestsPerMinute(), d.requestsPerMinute()), 0, 1 << 30),
                in(at + ".tokens_per_minute", or(l.tokensPerMinute(), d.tokensPerMinute())),
                in(at + ".tokens_per_day", or(l.tokensPerDay(), d.tokensPerDay())),
                in(at + ".concurrent_requests", or(l.concurrentRequests(), d.concurrentRequests()), 1, 100_000),
                in(at + ".context_length", or(l.contextLength(), d.contextLength()), 0, 1 << 24),
                in(at + ".max_tokens", or(l.maxTokens(), d.maxTokens()), 1, 1 << 24),
                in(at + ".body_bytes", or(l.bodyBytes(), d.bodyBytes()), 1, 64 << 20),
                seconds(at + ".deadline_seconds", l.deadlineSeconds(), d.deadline(), 1), storage(l, d.storage(), at));
    }

    private static StorageLimits storage(TenantSettings.Limits l, StorageLimits d, String at) {
        return new StorageLimits(in(at + ".response_bytes", or(l.responseBytes(), d.responseBytes())),
                Duration.ofHours(in(at + ".response_hours", or(l.responseHours(), (int) d.responseLife().toHours()), 1, 1 << 20)),
                in(at + ".file_bytes", or(l.fileBytes(), d.fileBytes())),
                in(at + ".files", or(l.files(), d.files()), 0, 1_000_000));
    }

    private static GuestLimits guestLimits(TenantSettings.@Nullable GuestLimits l, String at) {
        GuestLimits d = GuestLimits.defaults();
        if (l == null) {
            return d;
        }
        return new GuestLimits(in(at + ".memory_pages", or(l.memoryPages(), d.memoryPages()), 1, 32_768),
                in(at + ".table_elements", or(l.tableElements(), d.tableElements()), 0, 10_000_000),
                in(at + ".stack_bytes", or(l.stackBytes(), d.stackBytes()), 256 << 10, 64 << 20),
                millis(at + ".deadline_ms", l.deadlineMillis(), d.deadline()),
                millis(at + ".cpu_ms", l.cpuMillis(), d.cpuTime()),
                in(at + ".generations", or(l.generations(), d.generations()), 0, 1 << 20),
                in(at + ".generated_tokens", or(l.generatedTokens(), d.generatedTokens()), 0, 1 << 30),
                in(at + ".output_bytes", or(l.outputBytes(), d.outputBytes()), 1, 1 << 30),
                in(at + ".log_lines", or(l.logLines(), d.logLines()), 0, 1 << 20),
                in(at + ".kv_bytes", or(l.kvBytes(), d.kvBytes())),
                in(at + ".kv_updates", or(l.kvUpdates(), d.kvUpdates()), 0, 1 << 20),
                in(at + ".concurrent_instances", or(l.concurrentInstances(), d.concurrentInstances()), 1, 10_000),
                in(at + ".module_bytes", or(l.moduleBytes(), d.moduleBytes()), 8, 64 << 20),
                millis(at + ".compile_ms", l.compileMillis(), d.compileTime()), outside(l, d.outside(), at),
                new GuestLimits.Sequences(in(at + ".sequences", or(l.sequences(), d.sequences().open()), 0, 256),
                        in(at + ".forks", or(l.forks(), d.sequences().forks()), 0, 1 << 16),
                        in(at + ".kv_positions", or(l.kvPositions(), d.sequences().positions()), 0, 1 << 24)));
    }

    private static GuestLimits.Outside outside(TenantSettings.GuestLimits l, GuestLimits.Outside d, String at) {
        return new GuestLimits.Outside(in(at + ".embeddings", or(l.embeddings(), d.embeddings()), 0, 1 << 20),
                in(at + ".http_requests", or(l.httpRequests(), d.httpRequests()), 0, 1 << 20),
                in(at + ".http_bytes", or(l.httpBytes(), (int) d.httpBytes()), 0, 64 << 20),
                millis(at + ".http_ms", l.httpMillis(), d.httpTime()));
    }
}
