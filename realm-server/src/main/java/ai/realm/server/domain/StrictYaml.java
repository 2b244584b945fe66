package ai.realm.server.domain;

import static ai.realm.server.domain.Checks.bad;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.yaml.snakeyaml.LoaderOptions;

/** YAML and JSON read as settings: a key that is not known, given twice or of the wrong type is an error that says where. */
public final class StrictYaml {
    private static final YAMLMapper YAML = YAMLMapper.builder(YAMLFactory.builder().loaderOptions(loaderOptions()).build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT).build();

    private static final YAMLMapper KEPT = YAML.copy();

    static {
        KEPT.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    }

    private StrictYaml() {
    }

    /** Thousands of tenants are more than SnakeYAML reads by default. */
    private static LoaderOptions loaderOptions() {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(OperatorFile.CONFIGURATION);
        return options;
    }

    /**
     * A file's content.
     *
     * @param what the file is called in errors
     */
    public static JsonNode tree(String what, Path file) {
        JsonNode json;
        try {
            json = YAML.readTree(OperatorFile.read(what, file, OperatorFile.CONFIGURATION));
        } catch (IOException e) {
            throw bad(file + " is not YAML" + place(e));
        }
        if (json == null || json.isMissingNode() || json.isNull()) {
            throw bad(file + " is empty");
        }
        return json;
    }

    /** Where the mistake is, and not what stands there. */
    private static String place(IOException e) {
        if (!(e instanceof JsonProcessingException j) || j.getLocation() == null) {
            return "";
        }
        String what = j.getOriginalMessage().startsWith("Duplicate") ? "a key is given twice (duplicate), " : "";
        return ": " + what + "see line " + j.getLocation().getLineNr() + ", column " + j.getLocation().getColumnNr();
    }

    /**
     * What a tree says, as records of settings.
     *
     * @param what the whole is called in errors
     */
    public static <T> T read(JsonNode json, Class<T> type, String what) {
        return read(YAML, json, type, what);
    }

    /** The same of what this server or a newer one has kept: settings that this release does not know are passed over. */
    static <T> T readKept(JsonNode json, Class<T> type, String what) {
        return read(KEPT, json, type, what);
    }

    private static <T> T read(YAMLMapper mapper, JsonNode json, Class<T> type, String what) {
        try {
            return mapper.treeToValue(json, type);
        } catch (JsonMappingException e) {
            String at = YamlMistake.where(e, what);
            throw new RealmException(ErrorCode.INVALID_REQUEST, at + ": " + YamlMistake.what(e, json), at, e);
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, what + ": " + e.getOriginalMessage(), what, e);
        }
    }
}
