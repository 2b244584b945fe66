package ai.realm.server.config;

import ai.realm.server.domain.ModelSettings;
import ai.realm.server.domain.TenantSettings;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code realm.yaml} as it is written: what is absent is null. {@link ConfigLoader} checks it and puts the defaults in. */
record RealmYaml(@Nullable Server server, @Nullable Admin admin, @Nullable Engine engine,
        @Nullable Map<String, ModelSettings> models,
        @Nullable List<TenantSettings> tenants, @Nullable Accounts accounts) {

    record Server(@Nullable String host, @Nullable Integer port, @Nullable String data,
            @JsonProperty("concurrent_requests") @Nullable Integer concurrentRequests,
            @JsonProperty("connections") @Nullable Integer connections,
            @JsonProperty("connections_per_address") @Nullable Integer connectionsPerAddress,
            @Nullable String management, @JsonProperty("management_hosts") @Nullable List<String> managementHosts,
            @JsonProperty("drain_seconds") @Nullable Integer drainSeconds,
            @JsonProperty("drain_delay_seconds") @Nullable Integer drainDelaySeconds,
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
            @JsonProperty("ollama_root") @Nullable Boolean ollamaRoot, @Nullable Gateway gateway, @Nullable Tls tls,
            @Nullable Tracing tracing,
            @JsonProperty("slow_request_seconds") @Nullable Integer slowRequestSeconds, @Nullable Boolean page) {}

    record Tracing(@Nullable String endpoint, @Nullable Double ratio, @Nullable Map<String, String> headers) {}

    record Tls(@Nullable String certificate, @Nullable String key, @JsonProperty("client_ca") @Nullable String clientCa,
            @JsonProperty("client_certificates") @Nullable String clientCertificates) {}

    record Gateway(@Nullable Boolean certificates, @Nullable List<String> addresses,
            @JsonProperty("tenant_header") @Nullable String tenantHeader,
            @Nullable Map<String, String> objectives) {}

    record Guests(@JsonProperty("cpu_share") @Nullable Double cpuShare, @Nullable Integer instances,
            @JsonProperty("memory_mb") @Nullable Integer memoryMegabytes, @Nullable Boolean cache,
            @Nullable Integer versions, @JsonProperty("versions_mb") @Nullable Integer versionsMegabytes,
            @JsonProperty("compiled_mb") @Nullable Integer compiledMegabytes, @Nullable ModuleEntry module) {}

    record ModuleEntry(@Nullable Integer functions, @Nullable Integer types, @Nullable Integer globals, @Nullable Integer exports,
            @Nullable Integer segments, @Nullable Integer tables, @Nullable Integer locals,
            @JsonProperty("all_locals") @Nullable Integer allLocals,
            @JsonProperty("branch_targets") @Nullable Integer branchTargets, @Nullable Integer nesting,
            @JsonProperty("frame_values") @Nullable Integer frameValues) {}

    record Accounts(@JsonProperty("request_days") @Nullable Integer requestDays,
            @JsonProperty("usage_days") @Nullable Integer usageDays, @Nullable String currency, @Nullable List<Price> prices,
            @Nullable List<SpendBudget> budgets) {}

    record Price(@Nullable String model, @Nullable String tenant, @Nullable String from, @Nullable BigDecimal prompt,
            @Nullable BigDecimal cached, @Nullable BigDecimal completion) {}

    record SpendBudget(@Nullable String tenant, @Nullable BigDecimal month, @Nullable List<Integer> warn, @Nullable Boolean stop,
            @Nullable String webhook, @JsonProperty("webhook_secret") @Nullable String webhookSecret,
            @JsonProperty("webhook_private") @Nullable Boolean webhookPrivate) {}

    record Admin(@JsonProperty("key") @Nullable String keyHash, @Nullable List<@Nullable AdminKeyEntry> keys,
            @Nullable Boolean remote, @JsonProperty("audit_days") @Nullable Integer auditDays) {}

    record AdminKeyEntry(@Nullable String name, @JsonProperty("key") @Nullable String keyHash, @Nullable String role,
            @Nullable String expires) {}

    record Engine(@JsonProperty("memory_mb") @Nullable Integer memoryMb, @Nullable Integer threads,
            @JsonProperty("kv_type") @Nullable String kvType,
            @JsonProperty("kv_mb") @Nullable Integer kvMb, @JsonProperty("kv_block") @Nullable Integer kvBlock,
            @Nullable Integer running, @Nullable Integer waiting, @JsonProperty("step_tokens") @Nullable Integer stepTokens,
            @JsonProperty("gap_ms") @Nullable Integer gapMillis, @JsonProperty("prefix_cache") @Nullable Boolean prefixCache,
            @JsonProperty("shared_prefixes") @Nullable List<String> sharedPrefixes, @Nullable Boolean drafts) {}
}
