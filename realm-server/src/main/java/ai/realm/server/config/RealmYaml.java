package ai.realm.server.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code realm.yaml} as it is written: what is absent is null. {@link ConfigLoader} checks it and puts the defaults in. */
record RealmYaml(@Nullable Server server, @Nullable Admin admin, @Nullable Engine engine, @Nullable Map<String, Model> models,
        @Nullable List<TenantEntry> tenants) {

    record Server(@Nullable String host, @Nullable Integer port, @Nullable String data,
            @JsonProperty("concurrent_requests") @Nullable Integer concurrentRequests,
            @JsonProperty("connections") @Nullable Integer connections,
            @JsonProperty("connections_per_address") @Nullable Integer connectionsPerAddress,
            @Nullable String management, @JsonProperty("management_hosts") @Nullable List<String> managementHosts,
            @JsonProperty("drain_seconds") @Nullable Integer drainSeconds,
            @JsonProperty("idle_seconds") @Nullable Integer idleSeconds,
            @JsonProperty("header_seconds") @Nullable Integer headerSeconds,
            @JsonProperty("body_seconds") @Nullable Integer bodySeconds, @Nullable Guests guests,
            @Nullable String database,
            @JsonProperty("database_user") @Nullable String databaseUser,
            @JsonProperty("database_password") @Nullable String databasePassword,
            @JsonProperty("database_connections") @Nullable Integer databaseConnections,
            @JsonProperty("unknown_parameters") @Nullable String unknownParameters, @Nullable List<String> cors,
            @JsonProperty("anonymous_tenant") @Nullable String anonymousTenant,
            @JsonProperty("anonymous_remote") @Nullable Boolean anonymousRemote,
            @JsonProperty("ollama_root") @Nullable Boolean ollamaRoot) {}

    record Guests(@JsonProperty("cpu_share") @Nullable Double cpuShare, @Nullable Integer instances,
            @JsonProperty("memory_mb") @Nullable Integer memoryMegabytes, @Nullable Boolean cache,
            @Nullable Integer versions, @JsonProperty("versions_mb") @Nullable Integer versionsMegabytes) {}

    record Admin(@JsonProperty("key") @Nullable String keyHash, @Nullable Boolean remote) {}

    record Engine(@JsonProperty("memory_mb") @Nullable Integer memoryMb, @JsonProperty("kv_type") @Nullable String kvType,
            @JsonProperty("kv_mb") @Nullable Integer kvMb, @JsonProperty("kv_block") @Nullable Integer kvBlock,
            @Nullable Integer running, @Nullable Integer waiting, @JsonProperty("step_tokens") @Nullable Integer stepTokens,
            @JsonProperty("prefix_cache") @Nullable Boolean prefixCache,
            @JsonProperty("shared_prefixes") @Nullable List<String> sharedPrefixes) {}

    record Model(@Nullable String file, @Nullable Integer context, @Nullable String sha256,
            @Nullable String system, @Nullable Boolean preload) {}

    /** A model as the admin API registers it. */
    record NewModel(@Nullable String name, @Nullable String file, @Nullable String catalog, @Nullable Integer context,
            @Nullable String sha256, @Nullable String system) {}

    record TenantEntry(@Nullable String id, @Nullable String name, @Nullable List<String> keys, @Nullable Boolean suspended,
            @Nullable List<String> models, @JsonProperty("default_model") @Nullable String defaultModel, @Nullable String guest,
            @Nullable String priority, @JsonProperty("guest_config") @Nullable Map<String, @Nullable String> guestConfig,
            @JsonProperty("guest_secrets") @Nullable Map<String, @Nullable String> guestSecrets,
            @JsonProperty("guest_limits") @Nullable GuestLimitsEntry guestLimits, @Nullable LimitsEntry limits,
            @Nullable Double weight) {}

    record LimitsEntry(@JsonProperty("requests_per_minute") @Nullable Integer requestsPerMinute,
            @JsonProperty("tokens_per_minute") @Nullable Long tokensPerMinute,
            @JsonProperty("tokens_per_day") @Nullable Long tokensPerDay,
            @JsonProperty("concurrent_requests") @Nullable Integer concurrentRequests,
            @JsonProperty("context_length") @Nullable Integer contextLength,
            @JsonProperty("max_tokens") @Nullable Integer maxTokens,
            @JsonProperty("body_bytes") @Nullable Integer bodyBytes,
            @JsonProperty("deadline_seconds") @Nullable Integer deadlineSeconds) {}

    record GuestLimitsEntry(@JsonProperty("memory_pages") @Nullable Integer memoryPages,
            @JsonProperty("table_elements") @Nullable Integer tableElements,
            @JsonProperty("stack_bytes") @Nullable Integer stackBytes,
            @JsonProperty("deadline_ms") @Nullable Integer deadlineMillis, @JsonProperty("cpu_ms") @Nullable Integer cpuMillis,
            @Nullable Integer generations, @JsonProperty("generated_tokens") @Nullable Integer generatedTokens,
            @JsonProperty("output_bytes") @Nullable Integer outputBytes, @JsonProperty("log_lines") @Nullable Integer logLines,
            @JsonProperty("kv_bytes") @Nullable Long kvBytes, @JsonProperty("kv_updates") @Nullable Integer kvUpdates,
            @JsonProperty("concurrent_instances") @Nullable Integer concurrentInstances,
            @JsonProperty("module_bytes") @Nullable Integer moduleBytes,
            @JsonProperty("compile_ms") @Nullable Integer compileMillis) {}
}
