package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.GenerationRequest.PromptInput;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts or token ids in the four shapes that OpenAI's API has: a string, an array of ids, an array of either. As llama.cpp has it, an array
 * of ids may hold texts between them.
 */
public final class PromptInputs {
    private static final int MOST_PARTS = 1 << 16;

    private PromptInputs() {
    }

    /**
     * @param name the parameter's
     * @param most how many there may be
     */
    public static List<PromptInput> read(JsonNode value, String name, int most) {
        if (!value.isArray()) {
            return List.of(one(value, name));
        }
        if (value.isEmpty()) {
            throw RealmException.badParam(name, name + " must not be an empty array");
        }
        if (isOnePrompt(value)) {
            return List.of(one(value, name));
        }
        if (value.size() > most) {
            throw RealmException.badParam(name, name + " may hold " + most + " " + name + "s, not " + value.size());
        }
        List<PromptInput> inputs = new ArrayList<>();
        for (JsonNode one : value) {
            inputs.add(one(one, name + "[" + inputs.size() + "]"));
        }
        return inputs;
    }

    /** Whether an array is one prompt: it has ids, and no arrays or objects, which would be prompts of their own. */
    private static boolean isOnePrompt(JsonNode array) {
        boolean ids = false;
        for (JsonNode one : array) {
            if (one.isContainerNode()) {
                return false;
            }
            ids |= one.isNumber();
        }
        return ids;
    }

    private static PromptInput one(JsonNode value, String at) {
        if (value.isTextual()) {
            return new GenerationRequest.Text(JsonFields.text(value, at));
        }
        if (value.has("prompt_string")) {
            JsonFields f = JsonFields.of(value, at);
            String text = JsonFields.text(f.require("prompt_string"), f.path("prompt_string"));
            f.refuse("multimodal_data", v -> v.isArray() && v.isEmpty(), ": the model takes texts only");
            return new GenerationRequest.Text(text);
        }
        if (!value.isArray()) {
            throw JsonFields.wrongType(at, "a string, an array of token ids, or an array of either", value);
        }
        boolean mixed = false;
        for (JsonNode part : value) {
            mixed |= part.isTextual();
        }
        if (!mixed) {
            return new GenerationRequest.Tokens(ids(value, at));
        }
        return new GenerationRequest.Mixed(parts(value, at));
    }

    private static List<PromptInput> parts(JsonNode array, String at) {
        if (array.size() > MOST_PARTS) {
            throw RealmException.badParam(at, at + " may hold " + MOST_PARTS + " ids and texts together, not " + array.size());
        }
        List<PromptInput> parts = new ArrayList<>();
        for (JsonNode part : array) {
            String path = at + "[" + parts.size() + "]";
            parts.add(part.isTextual()
                    ? new GenerationRequest.Text(JsonFields.text(part, path))
                    : new GenerationRequest.Tokens(new int[]{id(part, path)}));
        }
        return parts;
    }

    /** An array of token ids. */
    public static int[] ids(JsonNode array, String at) {
        if (!array.isArray()) {
            throw JsonFields.wrongType(at, "an array of token ids", array);
        }
        if (array.isEmpty()) {
            throw RealmException.badParam(at, at + " must hold at least one token id");
        }
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = id(array.get(i), at + "[" + i + "]");
        }
        return ids;
    }

    /** Its error does not tell the number, as others do: it is part of a prompt, and errors are logged. */
    private static int id(JsonNode value, String at) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw RealmException.badParam(at, at + " must be a token id: an integer from 0");
        }
        return value.intValue();
    }
}
