package ai.realm.server.accounts;

import java.util.List;

/** The tables, in SQL that every database here takes but for the words that a {@link Dialect} puts in. */
final class Schema {
    private static final List<String> STATEMENTS = List.of("""
            CREATE TABLE IF NOT EXISTS requests (
              id $key, request_id TEXT NOT NULL, tenant TEXT NOT NULL, model TEXT NOT NULL, guest TEXT NOT NULL,
              begun_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL, status INTEGER NOT NULL, finish_reason TEXT NOT NULL,
              error_code TEXT, prompt_tokens BIGINT NOT NULL, cached_tokens BIGINT NOT NULL, generated_tokens BIGINT NOT NULL,
              guest_cpu_ns BIGINT NOT NULL, engine_ns BIGINT NOT NULL)""",
            "CREATE INDEX IF NOT EXISTS requests_by_tenant ON requests (tenant, ended_ms)",
            "CREATE TABLE IF NOT EXISTS tenants (id TEXT PRIMARY KEY, position BIGINT NOT NULL, json TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS models (name TEXT PRIMARY KEY, json TEXT NOT NULL)", """
                    CREATE TABLE IF NOT EXISTS guests (
                      tenant TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, pushed_ms BIGINT NOT NULL,
                      active INTEGER NOT NULL, wasm $bytes NOT NULL, PRIMARY KEY (tenant, version))""", """
                    CREATE TABLE IF NOT EXISTS guest_values (
                      tenant TEXT NOT NULL, key $bytes NOT NULL, value $bytes NOT NULL, PRIMARY KEY (tenant, key))""");

    private Schema() {
    }

    /** Statements that make what is missing. */
    static List<String> of(Dialect dialect) {
        return STATEMENTS.stream().map(s -> s.replace("$key", dialect.generatedKey).replace("$bytes", dialect.bytes)).toList();
    }
}
