package ai.realm.server.model;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.ModelSource;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.ModelTable;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelReader;
import ai.realm.server.domain.Tenant;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this server by name: those of its configuration, and those that were registered while it ran, which the database
 * keeps. Thread-safe.
 */
public final class ModelRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(ModelRegistry.class);

    private static final String LATEST = ":latest";
    private static final int LONGEST_SHOWN = 64;

    private final Database database;
    private final Map<String, ModelEntry> configured;
    private final Map<Path, FileFacts> facts = new ConcurrentHashMap<>();
    private final Map<String, ModelEntry> registered = new ConcurrentHashMap<>();
    /** Names of models by their aliases. */
    private volatile Map<String, String> aliases = Map.of();

    public ModelRegistry(Map<String, ModelEntry> configured, Database database) {
        this.configured = new LinkedHashMap<>(configured);
        this.database = database;
        ModelTable.all(database).forEach((name, entry) -> {
            if (configured.containsKey(name)) {
                LOG.warn("model={} of the database is not used: the configuration has one of that name", name);
            } else {
                registered.put(name, entry);
            }
        });
        registered.entrySet().removeIf(e -> {
            String model = e.getValue().adapterOf();
            boolean alone = model != null && !configured.containsKey(model) && !registered.containsKey(model);
            if (alone) {
                LOG.warn("model={} of the database is not used: it is an adapter of {}, which is not there", e.getKey(), model);
            }
            return alone;
        });
        nameAliases();
    }

    /** The configuration's come first, and a model's own name before all. */
    private void nameAliases() {
        Map<String, String> named = new HashMap<>();
        Map<String, ModelEntry> all = new LinkedHashMap<>(configured);
        new TreeMap<>(registered).forEach(all::putIfAbsent);
        all.forEach((name, entry) -> entry.offer().aliases().forEach(alias -> {
            String other = all.containsKey(alias) ? alias : named.putIfAbsent(alias, name);
            if (other != null) {
                LOG.warn("model={} has the alias {} no longer: it is model {} now", name, alias, other);
            }
        }));
        aliases = Map.copyOf(named);
    }

    /**
     * The name of the model that a request means; it is granted to the tenant. An adapter may be given by an alias of its model.
     *
     * @param wanted null for the tenant's default
     * @throws RealmException MODEL_NOT_FOUND
     */
    public String meant(@Nullable String wanted, Tenant tenant) {
        if (wanted == null) {
            if (tenant.defaultModel().isEmpty()) {
                throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "no model is granted to this tenant", "model", null);
            }
            return tenant.defaultModel();
        }
        // Clients of Ollama's API add its tag to names that have none.
        String bare = wanted.endsWith(LATEST) ? wanted.substring(0, wanted.length() - LATEST.length()) : wanted;
        for (String name : List.of(wanted, named(wanted), bare, named(bare))) {
            if (tenant.models().contains(name)) {
                return name;
            }
        }
        String shown = wanted.length() > LONGEST_SHOWN ? wanted.substring(0, LONGEST_SHOWN) + "…" : wanted;
        throw new RealmException(ErrorCode.MODEL_NOT_FOUND,
                "model '" + shown + "' does not exist or is not granted to this tenant; GET /v1/models lists those that are",
                "model", null);
    }

    /** The name of the model with this alias, or of its adapter; what is no alias as it is. */
    private String named(String alias) {
        String name = aliases.get(alias);
        int colon = alias.lastIndexOf(':');
        String model = name != null || colon < 0 ? null : aliases.get(alias.substring(0, colon));
        return name != null ? name : model != null ? model + alias.substring(colon) : alias;
    }

    /** What is settled of a model, or of an adapter's model. */
    public ModelEntry.Offer offer(String name) {
        ModelEntry entry = get(base(name));
        return entry == null ? ModelEntry.Offer.NONE : entry.offer();
    }

    /** Refuses a model whose name or aliases others have. */
    void checkNames(String name, ModelEntry entry) {
        String owner = aliases.get(name);
        if (owner != null && !owner.equals(name)) {
            throw RealmException.badParam("name", "name: " + name + " is an alias of model " + owner);
        }
        Map<String, ModelEntry> all = new LinkedHashMap<>(configured);
        registered.forEach(all::putIfAbsent);
        all.put(name, entry);
        ModelReader.checkAliases(all);
    }

    /** Models as the store wants them. */
    public static List<ModelSource> sources(Map<String, ModelEntry> models) {
        // Models before their adapters.
        return models.entrySet().stream().sorted(Comparator.comparing(e -> e.getValue().adapterOf() != null))
                .map(e -> source(e.getKey(), e.getValue())).toList();
    }

    /** Those that are not the configuration's. */
    public List<ModelSource> registered() {
        return sources(registered);
    }

    static ModelSource source(String name, ModelEntry entry) {
        return new ModelSource(name, entry.file(), entry.sha256(), entry.context(), entry.adapterOf(), entry.scale(),
                entry.offer().metadata());
    }

    public @Nullable ModelEntry get(String name) {
        ModelEntry entry = configured.get(name);
        return entry != null ? entry : registered.get(name);
    }

    /** The system message of chats that begin without one; null leaves that to the model's template. */
    public @Nullable String system(String name) {
        ModelEntry entry = get(name);
        String model = entry == null ? null : entry.adapterOf();
        return model != null ? system(model) : entry == null ? null : entry.system();
    }

    /** The model that an adapter is for; a model's own name. */
    public String base(String name) {
        ModelEntry entry = get(name);
        String of = entry == null ? null : entry.adapterOf();
        return of == null ? name : of;
    }

    /** What the file of a model says, or of an adapter's model; read once. */
    public FileFacts facts(String name) {
        return ofFile(base(name));
    }

    /** What a model's or an adapter's own file says; read once. */
    public FileFacts ofFile(String name) {
        ModelEntry entry = get(name);
        return entry == null
                ? FileFacts.of(Path.of(""))
                : facts.computeIfAbsent(entry.file(), FileFacts::of);
    }

    /** Whether a model is the configuration's, which cannot be changed while the server runs. */
    public boolean isConfigured(String name) {
        return configured.containsKey(name);
    }

    /** The adapters of a model that are not the configuration's. */
    List<String> registeredAdapters(String model) {
        return registered.entrySet().stream().filter(e -> model.equals(e.getValue().adapterOf())).map(Map.Entry::getKey).toList();
    }

    /** Models that are not the configuration's, here or in the database. */
    public Set<String> followed() {
        Set<String> names = new TreeSet<>(ModelTable.all(database).keySet());
        names.addAll(registered.keySet());
        names.removeAll(configured.keySet());
        return names;
    }

    /** What the database has of a registered model now; null when it has none of that name. */
    @Nullable
    ModelEntry kept(String name) {
        return ModelTable.find(database, name);
    }

    /** Takes over what {@link #kept} said. */
    void follow(String name, @Nullable ModelEntry entry) {
        if (entry == null) {
            registered.remove(name);
        } else {
            registered.put(name, entry);
        }
        nameAliases();
    }

    void put(String name, ModelEntry entry) {
        ModelTable.put(database, name, entry);
        registered.put(name, entry);
        nameAliases();
        facts.remove(entry.file());
    }

    void remove(String name) {
        ModelTable.remove(database, name);
        registered.remove(name);
        nameAliases();
    }
}
