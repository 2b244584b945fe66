package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.GenerationRequest.PromptInput;
import ai.realm.server.http.inference.ValidRequest.Prompt;
import ai.realm.server.http.json.Json;
import ai.realm.server.domain.Tenant;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Step 2 of a request, second half: what was read against what the tenant may and the model can. */
public final class RequestValidator {
    private RequestValidator() {
    }

    static ValidRequest validate(GenerationRequest request, Tenant tenant, ModelLease model, @Nullable String system,
            String requestId) {
        if (model.isEncoder()) {
            throw RealmException.badParam("model", "the model " + model.name() + (model.isReranker()
                    ? " judges how well texts fit and cannot generate text; use /v1/rerank"
                    : " makes embeddings and cannot generate text; use /v1/embeddings"));
        }
        OutputShape.check(request.sampling(), model);
        Integer wanted = request.maxTokens();
        int most = tenant.limits().maxTokens();
        int maxTokens = wanted == null ? Math.min(most, model.contextLength()) : Math.min(most, wanted);
        SamplingParams params = request.sampling().toBuilder().maxTokens(maxTokens).build();
        ObjectNode json = request.json().deepCopy();
        json.put("model", model.name());
        json.put("request_id", requestId);
        Priority priority = request.priority() == null ? tenant.priority() : request.priority();
        String body = new String(Json.bytes(json), StandardCharsets.UTF_8);
        Prepared p = prepared(request.input(), system, params, model,
                ChatShortening.room(Math.min(model.contextLength(), tenant.limits().contextLimit()), wanted));
        return new ValidRequest(model.name(), p.prompts(), p.params(), request.n(), priority, request.stream(), wanted == null,
                p.reading(), body, !(request.input() instanceof GenerationRequest.Prompts));
    }

    private record Prepared(List<Prompt> prompts, SamplingParams params, @Nullable AnswerReading reading) {
        static Prepared of(String before, PreparedChat chat) {
            return new Prepared(List.of(new Prompt(before + chat.prompt(), null)), chat.params(), chat.reading());
        }
    }

    private static Prepared prepared(GenerationRequest.Input input, @Nullable String system, SamplingParams params,
            ModelLease model, int room) {
        return switch (input) {
            case GenerationRequest.Chat chat -> Prepared.of("", PreparedChat.of(chat.withSystem(system), params, model));
            case GenerationRequest.Shortened s -> Prepared.of("",
                    PreparedChat.of(new ChatShortening(model, room).fit(s.chat().withSystem(system)), params, model));
            case GenerationRequest.After after -> Prepared.of(text(after.context(), "context", model),
                    PreparedChat.of(after.chat(), params, model));
            case GenerationRequest.Infill gap -> {
                int[] ids = FillInTheMiddle.of(model).ids(gap);
                yield new Prepared(List.of(new Prompt(text(ids, "prompt", model), ids)), params, null);
            }
            case GenerationRequest.Prompts p ->
                new Prepared(p.all().stream().map(one -> prompt(one, model)).toList(), params, null);
        };
    }

    private static Prompt prompt(PromptInput input, ModelLease model) {
        return switch (input) {
            case GenerationRequest.Text t -> new Prompt(t.text(), null);
            case GenerationRequest.Tokens t -> new Prompt(text(t.ids(), "prompt", model), t.ids());
            case GenerationRequest.Mixed m -> {
                int[] ids = m.ids(tokenizer(model), true);
                yield new Prompt(text(ids, "prompt", model), ids);
            }
        };
    }

    private static Tokenizer tokenizer(ModelLease model) {
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + model.name() + " has no tokenizer; give token ids");
        }
        return tokenizer;
    }

    /** What the guest sees of a prompt given as ids. */
    private static String text(int[] ids, String name, ModelLease model) {
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            return "";
        }
        TokenPrompt.check(ids, tokenizer.vocab().size(), name, "the " + name);
        return tokenizer.decode(ids, true);
    }
}
