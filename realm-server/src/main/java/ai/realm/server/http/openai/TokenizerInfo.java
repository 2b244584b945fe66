package ai.realm.server.http.openai;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.domain.Tenant;
import ai.realm.server.http.inference.GrantedModels;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.model.FileFacts;
import ai.realm.server.tenant.Permit;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /tokenizer_info}: what a model's tokenizer is, by the names of Hugging Face's {@code tokenizer_config.json}, as vLLM tells
 * it to clients that tokenize by {@code /tokenize}.
 */
public record TokenizerInfo(RequestFrame.Parts parts) implements Handler {
    private static final String KEYS = "tokenizer.ggml.";
    private static final Map<String, String> TOKENS = Map.of("bos_token", "bos_token_id", "eos_token", "eos_token_id",
            "pad_token",
            "padding_token_id", "unk_token", "unknown_token_id", "sep_token", "seperator_token_id", "mask_token",
            "mask_token_id");

    @Override
    public void handle(Context ctx) {
        Tenant tenant = parts.gate().authenticate(Callers.of(ctx));
        String name = parts.registry().meant(ctx.queryParam("model"), tenant);
        // As for other requests that may load a model.
        try (Permit _ = parts.gate().admit(RequestIds.of(ctx), tenant, 0).permit();
                ModelLease lease = parts.models().lease(name, GrantedModels.LOAD_WAIT)) {
            parts.answers().json(ctx, 200, info(lease, parts.registry().facts(name)));
        }
    }

    private static ObjectNode info(ModelLease lease, FileFacts facts) {
        Tokenizer tokenizer = lease.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer");
        }
        Vocab vocab = tokenizer.vocab();
        Map<String, Object> keys = facts.metadata();
        ObjectNode info = Json.mapper().createObjectNode()
                .put("tokenizer_class", keys.get(KEYS + "model") instanceof String s ? s : null)
                .put("model_max_length", lease.contextLength()).put("vocab_size", vocab.size())
                .put("add_bos_token", vocab.addsBos());
        TOKENS.keySet().stream().sorted().forEach(token -> info.put(token, spelled(vocab, keys.get(KEYS + TOKENS.get(token)))));
        // The family's own where the file does not name one.
        named(info, "bos_token", vocab, vocab.bosId());
        named(info, "eos_token", vocab, vocab.eosId());
        return info.put("chat_template", keys.get("tokenizer.chat_template") instanceof String s ? s : null);
    }

    private static void named(ObjectNode info, String token, Vocab vocab, int id) {
        if (info.get(token).isNull()) {
            info.put(token, spelled(vocab, id));
        }
    }

    private static @Nullable String spelled(Vocab vocab, @Nullable Object id) {
        return id instanceof Number n && n.longValue() >= 0 && n.longValue() < vocab.size()
                ? new String(vocab.bytes(n.intValue()), StandardCharsets.UTF_8)
                : null;
    }
}
