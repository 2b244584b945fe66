package ai.realm.server.model;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStatus.State;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.domain.ModelEntry;
import ai.realm.server.domain.ModelFiles;
import ai.realm.server.domain.ModelJson;
import ai.realm.server.domain.ModelReader;
import ai.realm.server.domain.Tenant;
import ai.realm.server.tenant.Tenants;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Models registered, loaded, unloaded and forgotten while the server runs. One registration at a time; thread-safe. */
public final class ModelService {
    private static final Logger LOG = LoggerFactory.getLogger(ModelService.class);

    private final ModelStore store;
    private final ModelRegistry registry;
    private final ModelFiles files;
    private final Tenants tenants;

    public ModelService(ModelStore store, ModelRegistry registry, ModelFiles files, Tenants tenants) {
        this.store = store;
        this.registry = registry;
        this.files = files;
        this.tenants = tenants;
    }

    public List<ObjectNode> list() {
        return store.list().stream().map(this::json).toList();
    }

    public ObjectNode get(String name) {
        return json(status(name));
    }

    private ModelStatus status(String name) {
        return store.list().stream().filter(s -> s.name().equals(name)).findFirst()
                .orElseThrow(() -> new RealmException(ErrorCode.MODEL_NOT_FOUND, "there is no model " + name, "model", null));
    }

    private ObjectNode json(ModelStatus s) {
        ModelEntry entry = registry.get(s.name());
        ObjectNode json = entry == null ? ModelJson.empty() : ModelJson.of(entry);
        json.put("name", s.name()).put("state", s.state().name().toLowerCase(Locale.ROOT))
                .put("configured", registry.isConfigured(s.name())).put("leases", s.leases()).put("bytes", s.bytes())
                .put("context", s.contextLength() > 0 ? s.contextLength() : json.path("context").asInt());
        if (s.config() != null) {
            json.put("architecture", s.config().architecture());
        }
        return json.put("error", s.error());
    }

    /**
     * Makes a file a model: {@code name}, and {@code file} or {@code catalog}; it is loaded when it is first wanted. With {@code adapter_of}
     * the file is a LoRA adapter, and takes the place of one of its name without a request that fails.
     */
    public synchronized ObjectNode register(ObjectNode json) {
        String name = json.path("name").asText("");
        if (registry.isConfigured(name)) {
            throw RealmException.badParam("name", "model " + name + " is the configuration's and is changed there");
        }
        ModelEntry entry = ModelReader.model(json, files);
        registry.checkNames(name, entry);
        store.register(ModelRegistry.source(name, entry));
        registry.put(name, entry);
        LOG.info("model={} registered file={}", name, entry.file().getFileName());
        return get(name);
    }

    /**
     * Loads a model and waits for it, but not longer than {@code wait}.
     *
     * @return its state then
     * @throws RealmException MODEL_LOAD_FAILED, OVERLOADED when there is no room for it
     */
    public ObjectNode load(String name, Duration wait) {
        status(name);
        try {
            store.lease(name, wait).close();
        } catch (RealmException e) {
            if (e.code() != ErrorCode.MODEL_LOADING) {
                throw e;
            }
        }
        return get(name);
    }

    /** Ends what runs on a model, at once what still runs after {@code limit}, and frees its memory. */
    public ObjectNode unload(String name, Duration limit) {
        if (status(name).state() == State.LOADING) {
            throw new RealmException(ErrorCode.MODEL_LOADING, "model " + name + " is being loaded; unload it when it is ready");
        }
        LOG.info("model={} is being unloaded limit_s={}", name, limit.toSeconds());
        store.unload(name, limit);
        return get(name);
    }

    /** Unloads a registered model and forgets it; its file stays. */
    public synchronized void remove(String name) {
        status(name);
        if (registry.isConfigured(name)) {
            throw RealmException.badParam("model", "model " + name + " is the configuration's and is removed there");
        }
        for (Tenant t : tenants.all()) {
            if (t.models().contains(name)) {
                throw RealmException.badParam("model",
                        "model " + name + " is granted to tenant " + t.id() + "; take it away first");
            }
        }
        unload(name, Duration.ZERO);
        store.forget(name);
        registry.remove(name);
        LOG.info("model={} removed", name);
    }

    /**
     * Brings a registered model to what the database has, after another server has changed it: added, replaced or forgotten. One that
     * is loaded here ends what runs on it.
     *
     * @throws RealmException MODEL_LOADING when it is just being loaded; to be tried again
     */
    public synchronized void follow(String name) {
        ModelEntry before = registry.get(name);
        ModelEntry now = registry.kept(name);
        if (registry.isConfigured(name) || Objects.equals(before, now)) {
            return;
        }
        if (now == null) {
            registry.registeredAdapters(name).forEach(this::follow);
        }
        if (before != null) {
            unload(name, Duration.ZERO);
        }
        if (now == null) {
            store.forget(name);
        } else {
            store.register(ModelRegistry.source(name, now));
        }
        registry.follow(name, now);
        LOG.info("model={} {} by another server", name, now == null ? "removed" : before == null ? "registered" : "changed");
    }

    /** Models that {@link #follow} may have something to do for. */
    public Set<String> followed() {
        return registry.followed();
    }
}
