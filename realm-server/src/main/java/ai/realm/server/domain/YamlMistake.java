package ai.realm.server.domain;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import java.util.Collection;
import java.util.Map;

/** What does not fit into {@link RealmYaml}, said in the words of the configuration and not in those of classes. */
final class YamlMistake {
    private static final Map<Class<?>, String> WANTED = Map.of(Integer.class, "an integer", Long.class, "an integer",
            Double.class,
            "a number", Boolean.class, "true or false", String.class, "a string");

    private YamlMistake() {
    }

    /** The path of the value, or {@code otherwise} when it is the whole. */
    static String where(JsonMappingException e, String otherwise) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference ref : e.getPath()) {
            if (ref.getFieldName() == null) {
                path.append('[').append(ref.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(ref.getFieldName());
            }
        }
        return path.isEmpty() ? otherwise : path.toString();
    }

    /** What is wrong with it; {@code whole} is what was read. A value is shown where a number or a boolean was wanted. */
    static String what(JsonMappingException e, JsonNode whole) {
        if (e instanceof UnrecognizedPropertyException) {
            return "there is no such setting";
        }
        Class<?> type = e instanceof MismatchedInputException m ? m.getTargetType() : null;
        if (type == null) {
            return e.getOriginalMessage();
        }
        JsonNode value = whole;
        for (JsonMappingException.Reference ref : e.getPath()) {
            value = ref.getFieldName() == null ? value.path(ref.getIndex()) : value.path(ref.getFieldName());
        }
        boolean shown = value.isValueNode() && (Number.class.isAssignableFrom(type) || type == Boolean.class);
        return "must be " + wanted(type) + (shown ? ", not " + value.asText() : "");
    }

    private static String wanted(Class<?> type) {
        return WANTED.getOrDefault(type, Collection.class.isAssignableFrom(type) ? "a list" : "an object");
    }
}
