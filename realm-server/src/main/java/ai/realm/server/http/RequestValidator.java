package ai.realm.server.http;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.CompletionRequest.PromptInput;
import ai.realm.server.http.ValidCompletionRequest.Prompt;
import ai.realm.server.tenant.Tenant;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Step 2 of a request, second half: what was read against what the tenant may and the model can. */
final class RequestValidator {
    /** {@code max_tokens} when a request does not say. */
    static final int DEFAULT_MAX_TOKENS = 256;

    private RequestValidator() {
    }

    /**
     * The name of the model that a request means; it is granted to the tenant.
     *
     * @param wanted null for the tenant's default
     */
    static String model(@Nullable String wanted, Tenant tenant) {
        if (wanted == null) {
            if (tenant.defaultModel().isEmpty()) {
                throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "no model is granted to this tenant", "model", null);
            }
            return tenant.defaultModel();
        }
        if (!tenant.models().contains(wanted)) {
            throw modelNotFound(wanted);
        }
        return wanted;
    }

    static RealmException modelNotFound(String name) {
        String shown = name.length() > 64 ? name.substring(0, 64) + "…" : name;
        return new RealmException(ErrorCode.MODEL_NOT_FOUND,
                "model '" + shown + "' does not exist or is not granted to this tenant; GET /v1/models lists those that are",
                "model", null);
    }

    static ValidCompletionRequest validate(CompletionRequest request, Tenant tenant, ModelLease model, String requestId) {
        if (model.isEncoder()) {
            throw RealmException.badParam("model", "the model " + model.name()
                    + " makes embeddings and cannot generate text; use " + EmbeddingRequest.PATH);
        }
        OutputShape.check(request.sampling(), model);
        int most = tenant.limits().maxTokens();
        Integer wanted = request.maxTokens();
        if (wanted != null && wanted > most) {
            throw RealmException.badParam("max_tokens", "max_tokens may be " + most + " at most for this tenant, not " + wanted);
        }
        int maxTokens = wanted == null ? Math.min(DEFAULT_MAX_TOKENS, most) : wanted;
        SamplingParams params = request.sampling().toBuilder().maxTokens(maxTokens).build();
        ObjectNode json = request.json().deepCopy();
        json.put("model", model.name());
        json.put("request_id", requestId);
        return new ValidCompletionRequest(request.api(), model.name(), prompts(request, model), params, request.n(),
                request.priority() == null ? tenant.priority() : request.priority(), request.stream(),
                request.includeUsage(), new String(Json.bytes(json), StandardCharsets.UTF_8));
    }

    private static List<Prompt> prompts(CompletionRequest request, ModelLease model) {
        if (request.api() == Api.CHAT) {
            return List.of(new Prompt(ChatPrompt.render(request.messages(), model), null));
        }
        List<Prompt> prompts = new ArrayList<>();
        for (PromptInput input : request.prompts()) {
            prompts.add(switch (input) {
                case CompletionRequest.Text t -> new Prompt(t.text(), null);
                case CompletionRequest.Tokens t -> new Prompt(text(t.ids(), model), t.ids());
            });
        }
        return prompts;
    }

    /** What the guest sees of a prompt given as ids. */
    private static String text(int[] ids, ModelLease model) {
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            return "";
        }
        TokenPrompt.check(ids, tokenizer.vocab().size(), "prompt", "the prompt");
        return tokenizer.decode(ids, true);
    }
}
