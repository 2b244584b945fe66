package ai.realm.server.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What differs between two states of {@code realm.yaml}, setting by setting, and when it counts. */
public final class ConfigDiff {
    /** What takes effect while the server runs. */
    private static final List<String> LIVE = List.of("accounts", "admin.key", "admin.keys", "admin.audit_days",
            "server.drain_seconds",
            "server.drain_delay_seconds", "server.slow_request_seconds", "server.unknown_parameters", "server.cors",
            "server.gateway", "server.anonymous_tenant", "server.anonymous_remote");
    private static final Pattern SECRET = Pattern
            .compile(".*(passw|secret|token$|credential|\\.headers\\.|\\.keys?\\b|\\.webhook$).*");
    private static final Pattern USER = Pattern.compile("//[^/\\s@]*@");
    private static final int SHOWN = 200;

    /** When a change counts. */
    public enum Effect {
        /** At once. */
        NOW,
        /** When the server is started again. */
        RESTART,
        /** Never by itself: tenants live in the database, where the admin API changes them. */
        DATABASE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One setting.
     *
     * @param from null when it was not there; of a secret never more than that it was
     * @param to null when it is not there any more
     */
    public record Change(String path, @Nullable String from, @Nullable String to, Effect effect) {}

    private ConfigDiff() {
    }

    /** In the order of their paths. */
    public static List<Change> between(JsonNode old, JsonNode now) {
        Map<String, String> before = flat(old);
        Map<String, String> after = flat(now);
        TreeSet<String> paths = new TreeSet<>(before.keySet());
        paths.addAll(after.keySet());
        List<Change> changes = new ArrayList<>();
        for (String path : paths) {
            String from = before.get(path);
            String to = after.get(path);
            if (from == null || !from.equals(to)) {
                boolean whole = path.startsWith("tenants.");
                changes.add(new Change(path, shown(path, from, whole), shown(path, to, whole), effect(path)));
            }
        }
        return changes;
    }

    private static @Nullable String shown(String path, @Nullable String value, boolean whole) {
        if (value == null) {
            return null;
        }
        if (whole || SECRET.matcher(path).matches()) {
            return "…";
        }
        String shown = USER.matcher(value).replaceAll("//…@");
        return shown.length() > SHOWN ? shown.substring(0, SHOWN) + "…" : shown;
    }

    private static Effect effect(String path) {
        if (path.startsWith("tenants.")) {
            return Effect.DATABASE;
        }
        return LIVE.stream().anyMatch(l -> path.equals(l) || path.startsWith(l + ".") || path.startsWith(l + "["))
                ? Effect.NOW
                : Effect.RESTART;
    }

    private static Map<String, String> flat(JsonNode tree) {
        Map<String, String> values = new TreeMap<>();
        tree.properties().forEach(e -> {
            if (e.getKey().equals("tenants")) {
                e.getValue().forEach(t -> values.put("tenants." + t.path("id").asText(), t.toString()));
            } else {
                add(values, e.getKey(), e.getValue());
            }
        });
        return values;
    }

    private static void add(Map<String, String> to, String path, JsonNode node) {
        if (node.isObject()) {
            node.properties().forEach(e -> add(to, path + "." + e.getKey(), e.getValue()));
        } else if (node.isArray() && node.valueStream().anyMatch(JsonNode::isContainerNode)) {
            for (int i = 0; i < node.size(); i++) {
                add(to, path + "[" + i + "]", node.get(i));
            }
        } else if (!node.isNull()) {
            to.put(path, node.isTextual() ? node.textValue() : node.toString());
        }
    }
}
