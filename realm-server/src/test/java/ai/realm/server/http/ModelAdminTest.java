package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.LoadedModel;
import ai.realm.runtime.store.LruModelStore;
import ai.realm.runtime.store.ModelLoader;
import ai.realm.runtime.store.ModelSource;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.ModelTable;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelFiles;
import ai.realm.server.domain.Tenant;
import ai.realm.server.model.ModelRegistry;
import ai.realm.server.model.ModelService;
import ai.realm.server.tenant.Tenants;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models changed while the server runs, on a real store whose files load as {@link LoadedFake}s. */
class ModelAdminTest {
    private static final Duration WAIT = Duration.ofSeconds(10);

    @TempDir
    private Path dir;
    private final Database database = Database.inMemory();
    private final Loader loader = new Loader();
    private LruModelStore store;
    private ModelRegistry registry;
    private ModelService models;

    private static final class Loader implements ModelLoader {
        @Override
        public long estimateBytes(ModelSource source) {
            return 100;
        }

        @Override
        public LoadedModel load(ModelSource source, long room) {
            if (source.name().startsWith("bad")) {
                throw new RealmException(ErrorCode.MODEL_INVALID, "this is no model");
            }
            return new LoadedFake(source.name(), 100);
        }
    }

    private record Catalogue(Path file) implements ModelFiles {
        @Override
        public ModelEntry named(String name) {
            if (!name.equals("listed")) {
                throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "no model is named so");
            }
            return new ModelEntry(file, 0, "0".repeat(64), "be brief", true);
        }

        @Override
        public @Nullable ModelEntry known(Path path) {
            return path.equals(file) ? named("listed") : null;
        }
    }

    @BeforeEach
    void open() throws IOException {
        Files.writeString(dir.resolve("a.gguf"), "a");
        Files.writeString(dir.resolve("listed.gguf"), "b");
        start();
    }

    private void start() {
        Map<String, ModelEntry> configured = Map.of("fixed", new ModelEntry(dir.resolve("fixed.gguf"), 0, null, null, true));
        registry = new ModelRegistry(configured, database);
        store = new LruModelStore(ModelRegistry.sources(configured), loader, 250, System::nanoTime);
        registry.registered().forEach(store::register);
        models = new ModelService(store, registry, new Catalogue(dir.resolve("listed.gguf")),
                new Tenants(List.of(HttpFixture.tenantWithModels("holder", List.of("granted")))));
    }

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    private ObjectNode json(String name, String key, String value) {
        return Json.mapper().createObjectNode().put("name", name).put(key, value);
    }

    private ObjectNode add(String name) {
        return models.register(json(name, "file", dir.resolve("a.gguf").toString()));
    }

    private static ErrorCode codeOf(ThrowingCallable call) {
        return org.assertj.core.api.Assertions.catchThrowableOfType(RealmException.class, call).code();
    }

    @Test
    void register_ofAFile_isAbsentUntilLoadedAndKeptForTheNextStart() {
        assertThat(add("new").path("state").asText()).isEqualTo("absent");
        assertThat(models.load("new", WAIT).path("state").asText()).isEqualTo("ready");
        store.close();
        start();
        assertThat(models.get("new").path("state").asText()).isEqualTo("absent");
        assertThat(models.get("new").path("file").asText()).endsWith("a.gguf");
    }

    private ObjectNode adapter(String name, String model) {
        return json(name, "file", dir.resolve("a.gguf").toString()).put("adapter_of", model).put("scale", 0.5);
    }

    @Test
    void register_ofAnAdapter_isKeptReplacedAndGoneWithAnotherServersModel() {
        add("base");
        models.register(adapter("base:x", "base"));
        models.register(adapter("base:x", "base").put("scale", 2));
        store.close();
        start();
        assertThat(models.get("base:x").path("adapter_of").asText()).isEqualTo("base");
        assertThat(models.get("base:x").path("scale").asDouble()).isEqualTo(2);
        assertThat(codeOf(() -> models.remove("base"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        models.remove("base:x");
        assertThat(codeOf(() -> models.get("base:x"))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        models.register(adapter("base:x", "base"));
        ModelTable.remove(database, "base");
        ModelTable.remove(database, "base:x");
        models.followed().forEach(models::follow);
        assertThat(codeOf(() -> models.get("base:x"))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        assertThat(codeOf(() -> models.get("base"))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void register_withAliases_isMeantByThemAndKeepsThemForTheNextStart() {
        ObjectNode named = json("granted", "file", dir.resolve("a.gguf").toString());
        named.putArray("aliases").add("gpt-4o").add("org/granted:1b");
        named.putArray("dimensions").add(64);
        assertThat(models.register(named).path("aliases")).hasSize(2);
        models.register(adapter("granted:x", "granted"));
        store.close();
        start();
        Tenant tenant = HttpFixture.tenantWithModels("t", List.of("granted", "granted:x"));
        assertThat(registry.meant("gpt-4o", tenant)).isEqualTo("granted");
        assertThat(registry.meant("org/granted:1b:latest", tenant)).isEqualTo("granted");
        assertThat(registry.meant("gpt-4o:x", tenant)).isEqualTo("granted:x");
        assertThat(registry.offer("granted:x").dimensions()).containsExactly(64);
        assertThat(codeOf(() -> registry.meant("gpt-4o:y", tenant))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        assertThat(codeOf(() -> registry.meant("gpt-4o", HttpFixture.tenantWithModels("u", List.of("fixed")))))
                .isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void register_withNamesOfOthers_isRefused() {
        ObjectNode named = json("one", "file", dir.resolve("a.gguf").toString());
        named.putArray("aliases").add("shared");
        models.register(named);
        models.register(named);
        assertThat(codeOf(() -> add("shared"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        ObjectNode other = json("two", "file", dir.resolve("a.gguf").toString());
        other.putArray("aliases").add("shared");
        assertThat(codeOf(() -> models.register(other))).isEqualTo(ErrorCode.INVALID_REQUEST);
        other.putArray("aliases").add("fixed");
        assertThat(codeOf(() -> models.register(other))).isEqualTo(ErrorCode.INVALID_REQUEST);
        models.remove("one");
        assertThat(add("shared").path("name").asText()).isEqualTo("shared");
    }

    @Test
    void register_ofAnAdapterWithAMistake_saysWhich() {
        assertThat(codeOf(() -> models.register(adapter("x", "fixed")))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.register(adapter("fixed:x", "fixed").put("context", 5))))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.register(json("x", "file", dir.resolve("a.gguf").toString()).put("scale", 2))))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.register(adapter("none:x", "none")))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void start_withAnAdapterWhoseModelIsGone_leavesItOut() {
        add("base");
        models.register(adapter("base:x", "base"));
        ModelTable.remove(database, "base");
        store.close();
        start();
        assertThat(codeOf(() -> models.get("base:x"))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }

    @Test
    void register_fromTheCatalogue_hasItsDigestAndSystemMessage() {
        models.register(json("mine", "catalog", "listed"));
        assertThat(registry.get("mine"))
                .isEqualTo(new ModelEntry(dir.resolve("listed.gguf"), 0, "0".repeat(64), "be brief", false));
        assertThat(registry.system("mine")).isEqualTo("be brief");
    }

    @Test
    void register_withAMistake_saysWhich() {
        assertThat(codeOf(() -> models.register(json("x", "file", "relative.gguf")))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.register(json("x", "file", dir.resolve("missing").toString()))))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.register(json("../x", "file", dir.resolve("a.gguf").toString()))))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> add("fixed"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.register(json("x", "catalog", "unlisted")))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        assertThat(codeOf(() -> models.register(json("x", "colour", "red")))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(models.list()).hasSize(1);
    }

    @Test
    void load_beyondTheBudget_evictsTheIdleOneUsedLongestAgo() {
        add("one");
        add("two");
        add("three");
        models.load("one", WAIT);
        models.load("two", WAIT);
        models.load("three", WAIT);
        assertThat(models.get("one").path("state").asText()).isEqualTo("absent");
        assertThat(models.get("two").path("state").asText()).isEqualTo("ready");
        assertThat(models.get("three").path("bytes").asLong()).isEqualTo(100);
    }

    @Test
    void load_ofABadFile_tellsWhyAndListsIt() {
        add("bad");
        assertThat(codeOf(() -> models.load("bad", WAIT))).isEqualTo(ErrorCode.MODEL_LOAD_FAILED);
        assertThat(models.get("bad").path("state").asText()).isEqualTo("failed");
        assertThat(models.get("bad").path("error").asText()).contains("this is no model");
    }

    @Test
    void unload_andRemove_freeAndForgetIt() {
        add("new");
        models.load("new", WAIT);
        assertThat(models.unload("new", Duration.ZERO).path("bytes").asLong()).isZero();
        models.remove("new");
        assertThat(codeOf(() -> models.get("new"))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
        add("granted");
        assertThat(codeOf(() -> models.remove("granted"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.remove("fixed"))).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(codeOf(() -> models.unload("nothing", Duration.ZERO))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    }
}
