package ai.realm.server.domain;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A model as JSON, with the names that {@code realm.yaml} has. */
public final class ModelJson {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private ModelJson() {
    }

    /** An object to fill. */
    public static ObjectNode empty() {
        return MAPPER.createObjectNode();
    }

    public static ObjectNode of(ModelEntry m) {
        ObjectNode json = MAPPER.createObjectNode().put("file", m.file().toString()).put("context", m.context())
                .put("sha256", m.sha256()).put("system", m.system());
        if (!m.offer().aliases().isEmpty()) {
            m.offer().aliases().forEach(json.putArray("aliases")::add);
        }
        if (!m.offer().dimensions().isEmpty()) {
            m.offer().dimensions().forEach(json.putArray("dimensions")::add);
        }
        if (!m.offer().metadata().isEmpty()) {
            json.set("metadata", MAPPER.valueToTree(m.offer().metadata()));
        }
        return m.adapterOf() == null ? json : json.put("adapter_of", m.adapterOf()).put("scale", m.scale());
    }

    /** What {@link #of} wrote. */
    public static ModelEntry read(String json) {
        try {
            JsonNode node = MAPPER.readTree(json);
            return new ModelEntry(Path.of(node.path("file").asText()), node.path("context").asInt(), text(node.path("sha256")),
                    text(node.path("system")), false, text(node.path("adapter_of")), (float) node.path("scale").asDouble(1),
                    offer(node));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a model in the database is not JSON", e);
        }
    }

    private static ModelEntry.Offer offer(JsonNode node) {
        List<String> aliases = new ArrayList<>();
        node.path("aliases").forEach(alias -> aliases.add(alias.asText()));
        List<Integer> dimensions = new ArrayList<>();
        node.path("dimensions").forEach(n -> dimensions.add(n.asInt()));
        Map<String, Object> metadata = new HashMap<>();
        node.path("metadata").properties().forEach(e -> {
            Object value = MAPPER.convertValue(e.getValue(), Object.class);
            if (value != null) {
                metadata.put(e.getKey(), value);
            }
        });
        return new ModelEntry.Offer(aliases, dimensions, metadata);
    }

    private static @Nullable String text(JsonNode value) {
        return value.isTextual() ? value.textValue() : null;
    }
}
