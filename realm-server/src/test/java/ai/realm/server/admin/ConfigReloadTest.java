package ai.realm.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.server.config.ConfigFile;
import ai.realm.server.config.RealmConfig;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReloadTest {
    private static final String HASH = "sha256:" + "a".repeat(64);

    @TempDir
    private Path dir;
    private Path file;
    private final List<RealmConfig> applied = new ArrayList<>();
    private ConfigReload reload;

    @BeforeEach
    void start() throws IOException {
        file = dir.resolve("realm.yaml");
        write("server: {port: 8080, drain_seconds: 30, cors: ['*']}\nadmin: {key: '" + HASH + "'}\ntenants: [{id: acme}]\n");
        ConfigFile from = new ConfigFile(file, Map.of(), _ -> null, UnaryOperator.identity());
        reload = new ConfigReload(from, from.read().tree(), applied::add);
    }

    private void write(String yaml) throws IOException {
        Files.writeString(file, yaml);
    }

    private static List<String> changes(JsonNode answer) {
        return answer.path("changed").valueStream().map(c -> c.path("setting").asText() + " " + c.path("from").asText("-") + " "
                + c.path("to").asText("-") + " " + c.path("takes_effect").asText()).toList();
    }

    @Test
    void reload_ofAFileThatIsTheSame_changesNothing() {
        assertThat(changes(reload.reload())).isEmpty();
    }

    @Test
    void reload_saysWhatHasChangedAndWhenItCounts() throws IOException {
        String other = "sha256:" + "b".repeat(64);
        write("server: {port: 9090, drain_seconds: 5, cors: ['https://a.example'], database_password: geheim}\nadmin:\n  key: '"
                + other
                + "'\n  keys: [{name: v, key: '" + HASH + "', role: viewer}]\ntenants: [{id: acme, weight: 2}, {id: new}]\n");

        JsonNode answer = reload.reload();

        assertThat(changes(answer)).containsExactlyInAnyOrder("admin.key … … now", "admin.keys[0].key - … now",
                "admin.keys[0].name - … now", "admin.keys[0].role - … now", "server.cors [\"*\"] [\"https://a.example\"] now",
                "server.database_password - … restart", "server.drain_seconds 30 5 now", "server.port 8080 9090 restart",
                "tenants.acme … … database", "tenants.new - … database");
        assertThat(answer.toString()).doesNotContain("geheim").doesNotContain(HASH).doesNotContain(other);
        assertThat(answer.path("needs_restart").valueStream().map(JsonNode::asText)).containsExactly("server.database_password",
                "server.port");
        assertThat(applied.getLast().server().drain()).isEqualTo(Duration.ofSeconds(5));
        // Said once; what waits for a start still does.
        JsonNode again = reload.reload();
        assertThat(changes(again)).isEmpty();
        assertThat(again.path("needs_restart")).hasSize(2);
    }

    @Test
    void reload_ofSecretsOfAllKinds_saysOnlyThatTheyChanged() throws IOException {
        write("engine: {step_tokens: 64}\nserver:\n  tracing: {endpoint: 'http://c.example/t', headers: {authorization: geheim-1}}\n"
                + "accounts:\n  currency: EUR\n  prices: [{model: small, prompt: 1, completion: 1}]\n  budgets: [{tenant: acme, month: 1, webhook: 'https://hooks.example/geheim-2', "
                + "webhook_secret: geheim-3}]\n");
        JsonNode answer = reload.reload();
        assertThat(changes(answer)).contains("accounts.budgets[0].webhook - … now", "accounts.budgets[0].tenant - acme now",
                "engine.step_tokens - 64 restart");
        assertThat(answer.toString()).doesNotContain("geheim");
        write("accounts: {currency: EUR, prices: [{model: small, prompt: 1, completion: 1}], budgets: [{tenant: acme, month: 1, webhook: 'https://hooks.example/geheim#x'}]}\n");
        assertThatThrownBy(reload::reload).hasMessageContaining("webhook").hasMessageNotContaining("geheim");
        for (String broken : List.of("accounts:\n  budgets: [{webhook_secret: 'geheim-4}]\n", "admin: geheim-5: geheim-6\n",
                "accounts: {budgets: [{webhook_secret: geheim-7, stop: maybe}]}\n", "admin:\n  key: geheim-9\n\tx: 1\n",
                "admin: {key: geheim-10}\n", "admin: geheim-11\n", "accounts: {budgets: [{webhook_secret: {geheim-12: 1}}]}\n",
                "server: {tracing: {endpoint: 'http://c.example/t', headers: {a: [geheim-13]}}}\n",
                "server: {tracing: {endpoint: 'http://geheim-14@c.example'}}\n",
                "server: {tracing: {endpoint: 'http://u:geheim-14@c.example/t'}}\n",
                "server: {database: 'postgresql://user:geheim-15@db/realm'}\n",
                "server: {database: 'jdbc:pg://user:geheim-15@db'}\n",
                "tenants: [{id: acme, keys: [geheim-16]}]\n", "tenants: [{id: acme, guest_secrets: {a: [geheim-17]}}]\n",
                "tenants: [{id: acme, guest_secrets: geheim-18}]\n")) {
            write(broken);
            assertThatThrownBy(reload::reload).as(broken).hasMessageNotContaining("geheim");
        }
    }

    @Test
    void reload_ofAFileWithAMistake_changesNothingAndSaysWhere() throws IOException {
        write("server: {port: 8080, drain_seconds: -1}\n");
        assertThatThrownBy(reload::reload).hasMessageContaining("server.drain_seconds").hasMessageContaining("-1");
        write("server: {prot: 8080}\n");
        assertThatThrownBy(reload::reload).hasMessageContaining("server.prot");
        Files.delete(file);
        assertThatThrownBy(reload::reload).hasMessageContaining("realm.yaml");
        assertThat(applied).isEmpty();
    }
}
