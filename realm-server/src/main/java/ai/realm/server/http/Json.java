package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The one way JSON is read from clients (strictly, within bounds) and written to them. */
public final class Json {
    private static final int MAX_DEPTH = 64;

    private static final JsonMapper MAPPER = JsonMapper
            .builder(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).maxNumberLength(64)
                                    .maxStringLength(Integer.MAX_VALUE).build())
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private Json() {
    }

    public static JsonMapper mapper() {
        return MAPPER;
    }

    /** A request's body, which must be one JSON object. */
    public static ObjectNode object(byte[] body) {
        JsonNode node;
        try {
            node = MAPPER.readTree(body);
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the body is not valid JSON" + at(e.getLocation()));
        } catch (IOException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the body is not valid JSON: it is not UTF-8");
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new RealmException(ErrorCode.INVALID_REQUEST, "the body must be a JSON object");
    }

    /** Where, but not what: the text around it may be a prompt. */
    private static String at(JsonLocation where) {
        return where == null || where.getLineNr() < 1
                ? ""
                : ": see line " + where.getLineNr() + ", column " + where.getColumnNr();
    }

    public static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
