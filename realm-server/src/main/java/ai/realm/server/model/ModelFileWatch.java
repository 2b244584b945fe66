package ai.realm.server.model;

import ai.realm.runtime.store.ModelStatus;
import ai.realm.runtime.store.ModelStatus.State;
import ai.realm.runtime.store.ModelStore;
import ai.realm.server.domain.ModelEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether the files of the models that are loaded still have the bytes that are mapped: a file that was cut short under a mapping
 * gives faults instead of weights. One that was replaced or removed does not matter, the mapping keeps the old one. Thread-safe.
 */
public final class ModelFileWatch {
    private static final Duration PERIOD = Duration.ofSeconds(2);

    private final ModelStore store;
    private final ModelRegistry registry;
    private final Map<String, Seen> loaded = new ConcurrentHashMap<>();
    private long lastLook = System.nanoTime() - PERIOD.toNanos();
    private @Nullable String problem;

    private record Seen(Object key, long bytes) {}

    public ModelFileWatch(ModelStore store, ModelRegistry registry) {
        this.store = store;
        this.registry = registry;
    }

    /** What is wrong, looked at anew when the last look is some seconds old; null when nothing is. */
    public synchronized @Nullable String problem() {
        if (System.nanoTime() - lastLook >= PERIOD.toNanos()) {
            look();
            lastLook = System.nanoTime();
        }
        return problem;
    }

    /** One look. */
    synchronized void look() {
        problem = null;
        for (ModelStatus status : store.list()) {
            ModelEntry entry = registry.get(status.name());
            if (status.state() != State.READY || entry == null || entry.adapterOf() != null) {
                loaded.remove(status.name());
            } else if (isCut(status.name(), entry.file())) {
                problem = "the file of model " + status.name() + " was cut short while it is in use";
            }
        }
    }

    private boolean isCut(String name, Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            Object key = Objects.requireNonNullElse(now.fileKey(), file);
            Seen first = loaded.computeIfAbsent(name, _ -> new Seen(key, now.size()));
            return first.key.equals(key) && now.size() < first.bytes;
        } catch (IOException e) {
            // Removed, or not to be seen for a moment: the mapping does not care.
            return false;
        }
    }
}
