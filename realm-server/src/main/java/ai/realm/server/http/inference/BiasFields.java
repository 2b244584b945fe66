package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The field {@code logit_bias}: an object of token ids and numbers, or llama.cpp's array of pairs, in which false bans a token. A
 * text in an id's place stands for every token that it becomes.
 */
final class BiasFields {
    private static final int MAX_TOKENS = 1024;
    private static final float NEVER = -1e9f;
    private static final Pattern ID = Pattern.compile("[0-9]{1,9}");

    private final Map<Integer, Float> ids = new HashMap<>();
    private final Map<String, Float> texts = new HashMap<>();

    private BiasFields() {
    }

    static void read(JsonNode value, String at, SamplingParams.Builder b) {
        if (value.size() > MAX_TOKENS) {
            throw RealmException.badParam(at, at + " may hold " + MAX_TOKENS + " tokens, not " + value.size());
        }
        BiasFields read = new BiasFields();
        if (value instanceof ObjectNode object) {
            object.properties().forEach(e -> read.named(e.getKey(), e.getValue(), at));
        } else if (value.isArray()) {
            int i = 0;
            for (JsonNode pair : value) {
                read.pair(pair, at + "[" + i++ + "]");
            }
        } else {
            throw JsonFields.wrongType(at, "an object of token ids and numbers", value);
        }
        b.logitBias(read.ids);
        b.extras(e -> e.biasedTexts = read.texts);
    }

    private void named(String key, JsonNode value, String at) {
        if (value.isNull()) {
            return;
        }
        float bias = bias(value, at + "." + JsonFields.shown(key));
        if (ID.matcher(key).matches()) {
            ids.put(Integer.valueOf(key), bias);
        } else {
            texts.put(key, bias);
        }
    }

    private void pair(JsonNode pair, String at) {
        if (!pair.isArray() || pair.size() != 2) {
            throw JsonFields.wrongType(at, "a token id or a text, and a number", pair);
        }
        float bias = bias(pair.get(1), at + "[1]");
        if (pair.get(0).isTextual()) {
            texts.put(JsonFields.text(pair.get(0), at + "[0]"), bias);
        } else {
            ids.put((int) JsonFields.integer(pair.get(0), at + "[0]", 0, Integer.MAX_VALUE), bias);
        }
    }

    private static float bias(JsonNode value, String at) {
        boolean banned = value.isBoolean() && !value.booleanValue();
        return banned ? NEVER : (float) JsonFields.number(value, at, -100, 100);
    }
}
