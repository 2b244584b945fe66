package ai.realm.server.http.inference;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.SpecialTokens;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import ai.realm.server.http.inference.GenerationRequest.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A chat as the one prompt that its model was trained on: the model's template rendered over the messages. */
public final class ChatPrompt {
    private ChatPrompt() {
    }

    /**
     * One question of a user, ready to be answered.
     *
     * @param system the message to begin with; null for none
     */
    public static String ofUser(String text, @Nullable String system, ModelLease model) {
        Message user = new Message("user", text);
        return render(new Chat(system == null ? List.of(user) : List.of(new Message("system", system), user)), model);
    }

    static String render(Chat chat, ModelLease model) {
        ChatTemplate template = model.chatTemplate();
        if (template == null) {
            throw new RealmException(ErrorCode.TEMPLATE_FAILED,
                    "model " + model.name() + " has no chat template; use /v1/completions");
        }
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + model.name() + " has no tokenizer; give token ids");
        }
        Vocab vocab = tokenizer.vocab();
        List<Map<String, Object>> turns = new ArrayList<>();
        for (Message m : chat.messages()) {
            Map<String, Object> turn = new LinkedHashMap<>();
            turn.put("role", m.role());
            turn.put("content", SpecialTokens.breakSpellings(m.content(), vocab));
            turns.add(turn);
        }
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("messages", turns);
        variables.put("add_generation_prompt", true);
        variables.put("bos_token", spelling(vocab, vocab.bosId()));
        variables.put("eos_token", spelling(vocab, vocab.eosId()));
        return template.render(variables) + SpecialTokens.breakSpellings(chat.begun(), vocab);
    }

    private static String spelling(Vocab vocab, int id) {
        return id < 0 ? "" : new String(vocab.bytes(id), StandardCharsets.UTF_8);
    }
}
