package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.inference.GenerationRequest.PromptInput;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Texts or token ids in the four shapes that OpenAI's API has: a string, an array of ids, an array of either. */
public final class PromptInputs {
    private PromptInputs() {
    }

    /**
     * @param name the parameter's
     * @param most how many there may be
     */
    public static List<PromptInput> read(JsonNode value, String name, int most) {
        if (value.isTextual()) {
            return List.of(new GenerationRequest.Text(JsonFields.text(value, name)));
        }
        if (!value.isArray()) {
            throw JsonFields.wrongType(name, "a string, an array of token ids, or an array of either", value);
        }
        if (value.isEmpty()) {
            throw RealmException.badParam(name, name + " must not be an empty array");
        }
        if (value.get(0).isNumber()) {
            return List.of(new GenerationRequest.Tokens(ids(value, name)));
        }
        if (value.size() > most) {
            throw RealmException.badParam(name, name + " may hold " + most + " " + name + "s, not " + value.size());
        }
        List<PromptInput> inputs = new ArrayList<>();
        for (JsonNode one : value) {
            String at = name + "[" + inputs.size() + "]";
            inputs.add(
                    one.isTextual()
                            ? new GenerationRequest.Text(JsonFields.text(one, at))
                            : new GenerationRequest.Tokens(ids(one, at)));
        }
        return inputs;
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
