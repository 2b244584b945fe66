package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.server.http.inference.InferenceHandler;
import ai.realm.server.http.inference.LookHandler;
import ai.realm.server.http.inference.PromptInputs;
import ai.realm.server.http.inference.PromptTokens;
import ai.realm.server.http.inference.TokenTexts;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.json.JsonFields;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Handler;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Texts to tokens and back, and chats as prompts: in the shapes of llama.cpp's server and of vLLM, told apart by their fields. */
public final class TokenRoutes {
    private TokenRoutes() {
    }

    /** The handlers by their paths. */
    public static Map<String, Handler> posts(InferenceHandler.Parts parts) {
        Map<String, Handler> all = new LinkedHashMap<>();
        all.put("/tokenize", new LookHandler("/tokenize", parts, TokenRoutes::tokenize));
        all.put("/detokenize", new LookHandler("/detokenize", parts, TokenRoutes::detokenize));
        for (Api api : Api.values()) {
            api.paths.forEach(path -> all.put(path + "/render",
                    new LookHandler(path + "/render", parts, (fields, model) -> render(api, fields, model))));
        }
        all.put("/apply-template", new LookHandler("/apply-template", parts,
                TokenRoutes::template));
        return all;
    }

    /** The ids of the tokens that a request would be run with, as routers ask for them: one object, or a list of one for each prompt. */
    private static Object render(Api api, JsonFields fields, LookHandler.Model model) {
        PromptTokens prompts = model.prompt(new RequestReader(api, fields).read().request());
        List<ObjectNode> all = new ArrayList<>();
        for (int i = 0; i < prompts.request().prompts().size(); i++) {
            ObjectNode one = Json.mapper().createObjectNode().put("model", model.lease().name());
            ArrayNode ids = one.putArray("token_ids");
            for (int id : prompts.ids(i * prompts.request().n())) {
                ids.add(id);
            }
            all.add(one);
        }
        return api == Api.CHAT ? all.getFirst() : all;
    }

    /** Without the marks that keep spellings of special tokens in messages from being those tokens. */
    private static Object template(JsonFields fields, LookHandler.Model model) {
        String prompt = model.prompt(new RequestReader(Api.CHAT, fields).read().request()).text(0);
        return Map.of("prompt", prompt.replace(String.valueOf(Tokenizer.MARKER), ""));
    }

    private static ObjectNode tokenize(JsonFields fields, LookHandler.Model model) {
        boolean pieces = Boolean.TRUE.equals(fields.bool("with_pieces"));
        boolean strings = Boolean.TRUE.equals(fields.bool("return_token_strs"));
        int[] ids = ids(fields, model);
        int context = model.lease().contextLength();
        if ((pieces || strings) && ids.length > context) {
            // An object for each is a hundred times what it stands for.
            throw RealmException.badParam(pieces ? "with_pieces" : "return_token_strs", "tokens are shown with their texts up to "
                    + "the model's context of " + context + "; the text has " + ids.length);
        }
        TokenTexts texts = new TokenTexts(model.tokenizer());
        ObjectNode answer = Json.mapper().createObjectNode();
        ArrayNode tokens = answer.putArray("tokens");
        for (int id : ids) {
            if (pieces) {
                tokens.addObject().put("id", id).set("piece", piece(texts, id));
            } else {
                tokens.add(id);
            }
        }
        answer.put("count", ids.length).put("max_model_len", context);
        if (strings) {
            ArrayNode list = answer.putArray("token_strs");
            for (int id : ids) {
                list.add(texts.of(id));
            }
        }
        return answer;
    }

    /** A token's text, or its bytes where they are no whole characters. */
    private static JsonNode piece(TokenTexts texts, int id) {
        ArrayNode bytes = texts.bytes(id);
        byte[] raw = new byte[bytes.size()];
        for (int i = 0; i < raw.length; i++) {
            raw[i] = (byte) bytes.get(i).intValue();
        }
        try {
            return Json.mapper().getNodeFactory()
                    .textNode(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString());
        } catch (CharacterCodingException e) {
            return bytes;
        }
    }

    private static int[] ids(JsonFields fields, LookHandler.Model model) {
        if (fields.node().hasNonNull("messages")) {
            PromptTokens prompt = model.prompt(new RequestReader(Api.CHAT, fields).read().request());
            return prompt.ids(0);
        }
        Tokenizer tokenizer = model.tokenizer();
        String content = fields.string("content");
        String prompt = fields.string("prompt");
        String text = content != null ? content : prompt;
        if (text == null) {
            throw RealmException.badParam("content", "content, prompt or messages is required");
        }
        // llama.cpp's server adds nothing and reads spellings of special tokens unless told otherwise; vLLM adds.
        Boolean special = fields.bool("add_special");
        Boolean specialTokens = fields.bool("add_special_tokens");
        Boolean parse = fields.bool("parse_special");
        boolean adds = content != null ? Boolean.TRUE.equals(special) : !Boolean.FALSE.equals(specialTokens);
        return tokenizer.encode(text, adds, !Boolean.FALSE.equals(parse));
    }

    private static ObjectNode detokenize(JsonFields fields, LookHandler.Model model) {
        JsonNode given = fields.require("tokens");
        int[] ids = given.isArray() && given.isEmpty() ? new int[0] : PromptInputs.ids(given, "tokens");
        Tokenizer tokenizer = model.tokenizer();
        TokenPrompt.check(ids, tokenizer.vocab().size(), "tokens", "the tokens");
        String text = new String(tokenizer.detokenize(ids, true, false), StandardCharsets.UTF_8);
        return Json.mapper().createObjectNode().put("content", text).put("prompt", text);
    }
}
