package ai.realm.server.accounts;

import ai.realm.server.domain.ModelJson;
import ai.realm.server.domain.ModelEntry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The models that were registered while the server ran, in the database. */
public final class ModelTable {
    private ModelTable() {
    }

    private record Row(String name, ModelEntry entry) {}

    /** All of them by name. */
    public static Map<String, ModelEntry> all(Database database) {
        Map<String, ModelEntry> all = new LinkedHashMap<>();
        database.query(r -> new Row(r.getString(1), ModelJson.read(r.getString(2))),
                "SELECT name, json FROM models ORDER BY name")
                .forEach(row -> all.put(row.name, row.entry));
        return all;
    }

    /** Null when there is none of that name. */
    public static @Nullable ModelEntry find(Database database, String name) {
        List<ModelEntry> found = database.query(r -> ModelJson.read(r.getString(1)), "SELECT json FROM models WHERE name = ?",
                name);
        return found.isEmpty() ? null : found.getFirst();
    }

    public static void put(Database database, String name, ModelEntry entry) {
        database.change(() -> database.update(
                "INSERT INTO models (name, json) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET json = excluded.json", name,
                ModelJson.of(entry).toString()));
    }

    public static void remove(Database database, String name) {
        database.change(() -> database.update("DELETE FROM models WHERE name = ?", name));
    }
}
