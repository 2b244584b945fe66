package ai.realm.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.runtime.guest.ModuleLimits;
import ai.realm.core.error.RealmException;
import ai.realm.core.kernel.KvType;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.server.domain.ApiKeys;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelJson;
import ai.realm.server.domain.Tenant;
import ai.realm.server.domain.TenantJson;
import ai.realm.server.domain.TenantReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigLoaderTest {
    private static final String HASH = ApiKeys.hash("k");

    @TempDir
    private Path dir;

    private RealmConfig load(String yaml) throws IOException {
        Path file = dir.resolve("realm.yaml");
        Files.writeString(file, yaml);
        return ConfigLoader.load(file, Map.of("embedded", new ModelEntry(Path.of("/m.gguf"), 0, null, null, true)), _ -> null);
    }

    @Test
    void load_modelWithAdapters_hasThemAsModelsThatAreGrantedByNameOnly() throws IOException {
        RealmConfig config = load("""
                models:
                  base: {file: m.gguf, adapters: {acme: {file: a.gguf, scale: 0.5}, other: {file: b.gguf}}}
                tenants:
                  - {id: acme, models: [base, "base:acme"], default_model: "base:acme"}
                  - {id: everybody}
                """);
        assertThat(config.models().keySet()).containsExactly("base", "base:acme", "base:other");
        assertThat(config.models()).containsEntry("base:acme",
                new ModelEntry(dir.resolve("a.gguf"), 0, null, null, false, "base", 0.5f));
        assertThat(config.tenants().getFirst().defaultModel()).isEqualTo("base:acme");
        assertThat(config.tenants().getLast().models()).containsExactly("base");
    }

    @Test
    void load_modelWithMetadata_hasItThroughTheDatabaseToo() throws IOException {
        ModelEntry entry = load("""
                models:
                  base: {file: m.gguf, metadata: {rope.freq_base: 1e6, context_length: 8192, rope.scaling.type: yarn, flag: true}}
                tenants:
                  - {id: everybody}
                """).models().get("base");

        assertThat(entry.offer().metadata())
                .isEqualTo(Map.of("rope.freq_base", 1e6, "context_length", 8192, "rope.scaling.type", "yarn", "flag", true));
        assertThat(ModelJson.read(ModelJson.of(entry).toString()).offer().metadata()).isEqualTo(entry.offer().metadata());
    }

    @Test
    void load_modelWithAliasesAndDimensions_hasThem() throws IOException {
        RealmConfig config = load("""
                models:
                  base: {file: m.gguf, aliases: [gpt-4o, "org/base:8b", gpt-4o], dimensions: [512, 256]}
                tenants:
                  - {id: everybody}
                """);
        assertThat(config.models().get("base").offer())
                .isEqualTo(new ModelEntry.Offer(List.of("gpt-4o", "org/base:8b"), List.of(256, 512)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "a: {file: m.gguf, aliases: [b]}, b: {file: n.gguf} | models.a.aliases: b is a name of model b",
            "a: {file: m.gguf, aliases: [x]}, b: {file: n.gguf, aliases: [x]} | models.b.aliases: x is a name of model a",
            "a: {file: m.gguf, aliases: ['a:l'], adapters: {l: {file: x}}} | a:l is a name of model a:l",
            "a: {file: m.gguf, aliases: ['no name']} | models.a.aliases: an alias is 1 to 128 characters",
            "a: {file: m.gguf, metadata: {rope.freq_base: [1]}} | models.a.metadata: a key of the file is set to a number",
            "a: {file: m.gguf, metadata: {general.architecture: gpt2}} | not general.architecture to gpt2",
            "a: {file: m.gguf, dimensions: [0]} | models.a.dimensions must be 1 to"})
    void load_aliasesWithAMistake_saysWhereAndWhich(String models, String message) {
        assertThatThrownBy(() -> load("models: {" + models + "}\ntenants: [{id: t}]\n")).hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{file: a.gguf, scale: 11} | models.base.adapters.x.scale must be -10 to 10, not 11",
            "{scale: 1} | models.base.adapters.x.file is required",
            "{file: a.gguf, sha256: x} | sha256 must be 64 hexadecimal digits",
            "{file: a.gguf, rank: 3} | there is no such setting"})
    void load_adapterWithAMistake_saysWhereAndWhich(String adapter, String message) {
        assertThatThrownBy(() -> load("models: {base: {file: m.gguf, adapters: {x: " + adapter + "}}}"))
                .isInstanceOf(RealmException.class).hasMessageContaining(message);
    }

    @Test
    void load_ofAFullFile_hasEveryValue() throws IOException {
        RealmConfig config = load(
                """
                        server: {host: 0.0.0.0, port: 9000, data: d, drain_seconds: 5, concurrent_requests: 7, guests: {cpu_share: 0.5, instances: 9, memory_mb: 64, cache: false}}
                        admin: {remote: true, key: "%s"}
                        models:
                          small: {file: m/small.gguf, context: 1024}
                          big: {file: /models/big.gguf}
                        tenants:
                          - id: acme
                            name: Acme Inc.
                            keys: ["%s"]
                            models: [big, small]
                            default_model: small
                            guest: guests/acme.wasm
                            guest_config: {greeting: hello}
                            guest_limits: {memory_pages: 16, cpu_ms: 50}
                            limits: {requests_per_minute: 60, tokens_per_minute: 1000, tokens_per_day: 5000, max_tokens: 99, deadline_seconds: 9}
                            weight: 2.5
                        """
                        .formatted(HASH, ApiKeys.hash("k2")));
        assertThat(config.server().port()).isEqualTo(9000);
        assertThat(config.server().drain()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.server().data()).isEqualTo(dir.resolve("d"));
        assertThat(config.server().guests()).isEqualTo(new GuestSettings(0.5, 9, 64, null, 20, 32, 128, ModuleLimits.defaults()));
        assertThat(config.admin()).isNotNull().extracting(RealmConfig.AdminSettings::remote).isEqualTo(true);
        assertThat(config.models()).containsEntry("small", new ModelEntry(dir.resolve("m/small.gguf"), 1024, null, null, true));
        Tenant t = config.tenants().getFirst();
        assertThat(t.models()).containsExactly("big", "small");
        assertThat(t.defaultModel()).isEqualTo("small");
        assertThat(t.guest()).isEqualTo(dir.resolve("guests/acme.wasm").toString());
        assertThat(t.guestConfig()).containsEntry("greeting", "hello");
        assertThat(t.guestLimits().memoryPages()).isEqualTo(16);
        assertThat(t.guestLimits().cpuTime()).isEqualTo(Duration.ofMillis(50));
        assertThat(t.limits().maxTokens()).isEqualTo(99);
        assertThat(t.limits().tokensPerDay()).isEqualTo(5000);
        assertThat(t.weight()).isEqualTo(2.5);
    }

    @Test
    void load_withoutModels_servesTheOneGiven() throws IOException {
        RealmConfig config = load("tenants: [{id: a, keys: ['%s']}]".formatted(HASH));
        assertThat(config.models()).containsOnlyKeys("embedded");
        assertThat(config.tenants().getFirst().defaultModel()).isEqualTo("embedded");
    }

    @Test
    void load_ofAnEngine_hasEveryValue() throws IOException {
        RealmConfig config = load(
                """
                        server: {database: "jdbc:postgresql://db.example/realm?sslmode=require", database_user: u, database_password: geheim}
                        engine: {memory_mb: 512, threads: 3, kv_type: q8_0, kv_mb: 128, kv_block: 16, running: 4, waiting: 9, step_tokens: 40, gap_ms: 70,
                          prefix_cache: false, shared_prefixes: ["You are"], drafts: false}
                        models: {m: {file: m.gguf, preload: false}}
                        tenants: [{id: a, priority: batch, limits: {context_length: 100}}]
                        """);
        EngineSettings e = config.engine();
        assertThat(e.memoryBytes()).isEqualTo(512L << 20);
        assertThat(e.threads()).isEqualTo(3);
        assertThat(e.options()).isEqualTo(
                new EngineOptions(KvType.Q8_0, 128L << 20, 16, 4, 9, 40, Duration.ofMillis(70), e.options().unreadTokens(),
                        e.options().slowReaderLimit(), false, List.of("You are"), false));
        assertThat(config.models().get("m").preload()).isFalse();
        Tenant t = config.tenants().getFirst();
        assertThat(t.priority()).isEqualTo(Priority.BATCH);
        assertThat(t.limits().contextLength()).isEqualTo(100);
        assertThat(TenantReader.tenant(TenantJson.of(t), Set.of("m"))).isEqualTo(t);
        assertThat(config.server().database()).isNotNull().satisfies(d -> {
            assertThat(d.user()).isEqualTo("u");
            assertThat(d.password()).isEqualTo("geheim");
            assertThat(d).hasToString("DatabaseSettings[jdbc:postgresql://db.example/realm, user=u]");
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"tenants: [{id: a, kees: []}]|tenants[0].kees: there is no such setting",
            "server: {port: [1]}|server.port: must be an integer", "tenants: {a: b}|tenants: must be a list",
            "server: 7|server: must be an object",
            "tenants: [{id: a, suspended: perhaps}]|tenants[0].suspended: must be true or false, not perhaps",
            "server: {port: 70000}|server.port",
            "server: {port: ninety}|server.port: must be an integer, not ninety", "tenants: [{keys: []}]|tenants[0].id",
            "tenants: [{id: 'a b'}]|tenants[0].id",
            "tenants: [{id: a, keys: [plain]}]|tenants[0].keys", "tenants: [{id: a}, {id: a}]|a is given twice",
            "tenants: [{id: a, models: [x]}]|no model x", "tenants: [{id: a, default_model: x}]|default_model",
            "tenants: [{id: a, weight: 0}]|weight", "models: {m: {}}|models.m.file", "models: {'../m': {file: f}}|a name is",
            "tenants: [{id: a, limits: {max_tokens: 0}}]|limits.max_tokens", "server: {port: 1, port: 2}|uplicate",
            "server: {guests: {cpu_share: 0}}|server.guests.cpu_share",
            "server: {guests: {cpu_share: 1.1}}|server.guests.cpu_share",
            "server: {guests: {instances: 0}}|server.guests.instances",
            "admin: {key: secret}|admin.key", "engine: {kv_type: q4}|engine.kv_type", "engine: {kv_block: 24}|engine.kv_block",
            "engine: {running: 0}|engine.running", "engine: {running: 64, step_tokens: 32}|engine.step_tokens",
            "tenants: [{id: a, priority: urgent}]|priority must be interactive or batch",
            "tenants: [{id: a, limits: {context_length: -1}}]|limits.context_length",
            "server: {database: 'jdbc:mysql://x/y'}|server.database must begin with jdbc:postgresql:",
            "server: {database: 'jdbc:postgresql://x/y?user=u&password=p'}|must not hold a password",
            "server: {database: 'jdbc:postgresql://u:p@x/y'}|must not hold a password"})
    void load_ofAFileWithAMistake_saysWhere(String yaml, String where) {
        assertThatThrownBy(() -> load(yaml)).isInstanceOf(RealmException.class).hasMessageContaining(where);
    }
}
