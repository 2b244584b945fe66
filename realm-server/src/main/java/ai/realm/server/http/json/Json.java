package ai.realm.server.http.json;

import com.fasterxml.jackson.databind.node.TextNode;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The one way JSON is read from clients (strictly, within bounds) and written to them. */
public final class Json {
    static final int MAX_DEPTH = 64;
    static final int MAX_NUMBER = 64;

    private static final JsonMapper MAPPER = JsonMapper
            .builder(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).maxNumberLength(MAX_NUMBER)
                                    .maxStringLength(Integer.MAX_VALUE).build())
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private Json() {
    }

    public static JsonMapper mapper() {
        return MAPPER;
    }

    /** A request's body, which must be one JSON object in UTF-8. */
    public static ObjectNode object(byte[] body) {
        JsonNode node = tree(text(body));
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new RealmException(ErrorCode.INVALID_REQUEST, node == null || node.isMissingNode()
                ? "the body must be a JSON object, and is empty"
                : "the body must be a JSON object");
    }

    private static @Nullable JsonNode tree(String text) {
        try (JsonParser parser = MAPPER.createParser(text)) {
            try {
                return MAPPER.readTree(parser);
            } catch (StreamConstraintsException e) {
                // It does not say where itself.
                throw invalid(JsonMistake.of(e, parser.currentLocation()));
            }
        } catch (JsonProcessingException e) {
            throw invalid(JsonMistake.of(e, e.getLocation()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RealmException invalid(String mistake) {
        return new RealmException(ErrorCode.INVALID_REQUEST, "the body is not valid JSON: " + mistake);
    }

    /** Decoded strictly: the parser's own reader of bytes takes overlong forms and halves of surrogate pairs for characters. */
    private static String text(byte[] body) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(body);
        CharBuffer out = CharBuffer.allocate(body.length);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "the body is not valid JSON: it is not UTF-8 at byte " + in.position());
        }
        out.flip();
        if (out.hasRemaining() && out.get(0) == BYTE_ORDER_MARK) {
            out.get();
        }
        return out.toString();
    }

    /** The JSON object that a model wrote; empty when it is none, as where it was cut off. */
    public static ObjectNode objectOrEmpty(String text) {
        try {
            return MAPPER.readTree(text) instanceof ObjectNode object ? object : MAPPER.createObjectNode();
        } catch (JsonProcessingException e) {
            return MAPPER.createObjectNode();
        }
    }

    public static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** JSON that somebody wrote, or the text itself when it is none. */
    public static JsonNode orText(String text) {
        try {
            JsonNode read = MAPPER.readTree(text);
            return read == null || read.isMissingNode() ? TextNode.valueOf(text) : read;
        } catch (JsonProcessingException e) {
            return TextNode.valueOf(text);
        }
    }
}
