package ai.realm.server.http.inference;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.guest.GuestChat;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/** What the guest of a request may ask of chats, of the models granted to its tenant. */
record RequestChat(GrantedModels models, ChatReader reader, boolean takesToolCalls) implements GuestChat {
    @Override
    public String render(int model, String json, boolean open) {
        try (ModelLease lease = models.lease(model)) {
            return ChatPrompt.of(lease).render(reader.read(json), open);
        }
    }

    @Override
    public String describe(int model) {
        ObjectNode about = Json.mapper().createObjectNode();
        try (ModelLease lease = models.lease(model)) {
            ChatTemplate template = lease.chatTemplate();
            about.put("name", lease.name()).put("context", lease.contextLength()).put("chat",
                    template != null && !template.standsIn());
            Tokenizer tokenizer = lease.tokenizer();
            if (tokenizer != null) {
                Vocab vocab = tokenizer.vocab();
                about.put("vocabulary", vocab.size()).put("bos", vocab.bosId()).put("eos", vocab.eosId());
            }
        }
        return new String(Json.bytes(about), StandardCharsets.UTF_8);
    }
}
