package ai.realm.server.http.anthropic;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.OutputShape;
import ai.realm.server.http.inference.SamplingFields;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A body of Anthropic's Messages, read into a {@link GenerationRequest}. */
final class MessagesReader {
    private static final int MAX_TOKENS = 1 << 30;
    private static final List<String> HINTS = List.of("metadata", "service_tier", "cache_control", "inference_geo", "speed",
            "diagnostics", "user_profile_id", "workspace_id", "context_management", "betas");

    private final JsonFields fields;

    MessagesReader(JsonFields fields) {
        this.fields = fields;
    }

    GenerationRequest read() {
        JsonNode maxTokens = fields.require("max_tokens");
        int most = (int) JsonFields.integer(maxTokens, "max_tokens", 1, MAX_TOKENS);
        boolean stream = Boolean.TRUE.equals(fields.bool("stream"));
        return read(most, stream);
    }

    GenerationRequest readToCount() {
        return read(1, false);
    }

    private GenerationRequest read(int maxTokens, boolean stream) {
        String model = fields.string("model");
        Chat chat = new ChatReader(fields).read();
        SamplingParams params = sampling();
        HINTS.forEach(fields::hint);
        fields.refuse("container", _ -> false, "; leave it out");
        fields.refuse("mcp_servers", v -> v.isArray() && v.isEmpty(), "; leave it out");
        return new GenerationRequest(model, chat, maxTokens, params, 1, null, stream, fields.node());
    }

    private SamplingParams sampling() {
        SamplingParams.Builder b = SamplingParams.defaults().toBuilder();
        Double temperature = fields.number("temperature", 0, 2);
        if (temperature != null) {
            b.temperature(temperature.floatValue());
        }
        Double topP = fields.number("top_p", 0, 1);
        if (topP != null && topP > 0) {
            b.topP(topP.floatValue());
        }
        Long topK = fields.integer("top_k", -1, Integer.MAX_VALUE);
        if (topK != null) {
            b.topK(Math.max(0, topK.intValue()));
        }
        JsonNode stops = fields.take("stop_sequences");
        if (stops != null) {
            b.stopStrings(SamplingFields.stops(stops, "stop_sequences"));
        }
        String schema = schema();
        return schema == null ? b.build() : b.jsonSchema(schema).build();
    }

    private @Nullable String schema() {
        JsonNode config = fields.take("output_config");
        JsonNode older = fields.take("output_format");
        if (config != null) {
            JsonFields c = JsonFields.of(config, "output_config");
            c.take("effort");
            JsonNode format = c.take("format");
            if (format != null) {
                return schema(JsonFields.of(format, "output_config.format"));
            }
        }
        return older == null ? null : schema(JsonFields.of(older, "output_format"));
    }

    private static String schema(JsonFields format) {
        String type = JsonFields.text(format.require("type"), format.path("type"));
        if (!type.equals("json_schema")) {
            throw RealmException.badParam(format.path("type"), format.path("type") + " must be json_schema");
        }
        return OutputShape.schema(format);
    }
}
