package ai.realm.server.model;

import ai.realm.runtime.store.ModelSource;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.ModelTable;
import ai.realm.server.domain.ModelEntry;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    private final Database database;
    private final Map<String, ModelEntry> configured;
    private final Map<Path, FileFacts> facts = new ConcurrentHashMap<>();
    private final Map<String, ModelEntry> registered = new ConcurrentHashMap<>();

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
        return new ModelSource(name, entry.file(), entry.sha256(), entry.context(), entry.adapterOf(), entry.scale());
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
    }

    void put(String name, ModelEntry entry) {
        ModelTable.put(database, name, entry);
        registered.put(name, entry);
        facts.remove(entry.file());
    }

    void remove(String name) {
        ModelTable.remove(database, name);
        registered.remove(name);
    }
}
