package ai.realm.server.domain;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A tenant as it is written, in {@code realm.yaml} or for the admin API: what is absent is null. {@link TenantReader} checks it. */
public record TenantSettings(@Nullable String id, @Nullable String name, @Nullable List<String> keys,
        @JsonProperty("key_facts") @Nullable Map<String, @Nullable Key> keyFacts, @Nullable Boolean suspended,
        @Nullable List<String> models, @JsonProperty("default_model") @Nullable String defaultModel, @Nullable String guest,
        @Nullable String priority, @JsonProperty("guest_config") @Nullable Map<String, @Nullable String> guestConfig,
        @JsonProperty("guest_secrets") @Nullable Map<String, @Nullable String> guestSecrets,
        @JsonProperty("guest_http") @Nullable List<HttpRule> guestHttp,
        @JsonProperty("guest_schedule") @Nullable Map<String, @Nullable String> guestSchedule,
        @JsonProperty("guest_limits") @Nullable GuestLimits guestLimits, @Nullable Limits limits,
        @Nullable Double weight) {

    record Key(@Nullable String name, @Nullable String created, @Nullable String expires) {}

    record Limits(@JsonProperty("requests_per_minute") @Nullable Integer requestsPerMinute,
            @JsonProperty("tokens_per_minute") @Nullable Long tokensPerMinute,
            @JsonProperty("tokens_per_day") @Nullable Long tokensPerDay,
            @JsonProperty("concurrent_requests") @Nullable Integer concurrentRequests,
            @JsonProperty("context_length") @Nullable Integer contextLength,
            @JsonProperty("max_tokens") @Nullable Integer maxTokens,
            @JsonProperty("body_bytes") @Nullable Integer bodyBytes,
            @JsonProperty("deadline_seconds") @Nullable Integer deadlineSeconds,
            @JsonProperty("response_bytes") @Nullable Long responseBytes,
            @JsonProperty("response_hours") @Nullable Integer responseHours,
            @JsonProperty("file_bytes") @Nullable Long fileBytes, @Nullable Integer files) {}

    record HttpRule(@Nullable String url, @Nullable List<String> methods, @Nullable Map<String, String> headers,
            @JsonProperty("private") @Nullable Boolean privateAddresses) {}

    record GuestLimits(@JsonProperty("memory_pages") @Nullable Integer memoryPages,
            @JsonProperty("table_elements") @Nullable Integer tableElements,
            @JsonProperty("stack_bytes") @Nullable Integer stackBytes,
            @JsonProperty("deadline_ms") @Nullable Integer deadlineMillis, @JsonProperty("cpu_ms") @Nullable Integer cpuMillis,
            @Nullable Integer generations, @JsonProperty("generated_tokens") @Nullable Integer generatedTokens,
            @JsonProperty("output_bytes") @Nullable Integer outputBytes, @JsonProperty("log_lines") @Nullable Integer logLines,
            @JsonProperty("kv_bytes") @Nullable Long kvBytes, @JsonProperty("kv_updates") @Nullable Integer kvUpdates,
            @Nullable Integer embeddings, @JsonProperty("http_requests") @Nullable Integer httpRequests,
            @JsonProperty("http_bytes") @Nullable Integer httpBytes, @JsonProperty("http_ms") @Nullable Integer httpMillis,
            @JsonProperty("concurrent_instances") @Nullable Integer concurrentInstances,
            @JsonProperty("module_bytes") @Nullable Integer moduleBytes,
            @JsonProperty("compile_ms") @Nullable Integer compileMillis,
            @Nullable Integer sequences, @Nullable Integer forks,
            @JsonProperty("kv_positions") @Nullable Integer kvPositions) {}
}
