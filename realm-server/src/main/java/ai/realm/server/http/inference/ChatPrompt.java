package ai.realm.server.http.inference;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.chat.tools.ChatDialect;
import ai.realm.core.chat.tools.ChatTurn;
import ai.realm.core.chat.tools.Tool;
import ai.realm.core.chat.tools.ToolCall;
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

/**
 * Chats as the one prompt that their model was trained on: the model's template rendered over the turns, in which nothing that came
 * from the client can spell a special token.
 */
public final class ChatPrompt {
    /** The variable that asks a template to begin the answer. */
    public static final String GENERATION = "add_generation_prompt";

    private final ChatTemplate template;
    private final ChatDialect dialect;
    private final Tokenizer tokenizer;

    private ChatPrompt(ChatTemplate template, Tokenizer tokenizer) {
        this.template = template;
        this.dialect = ChatDialect.of(template);
        this.tokenizer = tokenizer;
    }

    static ChatPrompt of(ModelLease model) {
        ChatTemplate template = model.chatTemplate();
        if (template == null) {
            throw new RealmException(ErrorCode.TEMPLATE_FAILED,
                    "model " + model.name() + " has no chat template; use /v1/completions");
        }
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "model " + model.name() + " has no tokenizer; give token ids");
        }
        return new ChatPrompt(template, tokenizer);
    }

    /**
     * One question of a user, ready to be answered.
     *
     * @param system the message to begin with; null for none
     */
    public static String ofUser(String text, @Nullable String system, ModelLease model) {
        Message user = new Message("user", text);
        return of(model).render(new Chat(system == null ? List.of(user) : List.of(new Message("system", system), user)));
    }

    ChatDialect dialect() {
        return dialect;
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    String render(Chat chat) {
        return render(chat, true);
    }

    /** @param open whether an answer of the assistant is to follow */
    String render(Chat chat, boolean open) {
        Vocab vocab = tokenizer.vocab();
        List<ChatTurn> turns = chat.messages().stream().map(this::turn).toList();
        List<Tool> tools = new ArrayList<>();
        if (chat.tools().mayCall()) {
            for (Tool t : chat.tools().tools()) {
                tools.add(new Tool(t.name(), (String) broken(t.description()), object(t.parameters())));
            }
        }
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(object(chat.variables()));
        reasoning(chat.reasoning(), variables);
        variables.putIfAbsent(GENERATION, open);
        variables.put("bos_token", spelling(vocab, vocab.bosId()));
        variables.put("eos_token", spelling(vocab, vocab.eosId()));
        return dialect.render(template, turns, tools, variables) + broken(chat.begun());
    }

    /** Under the names that templates have for it. */
    private static void reasoning(ReasoningUse use, Map<String, @Nullable Object> variables) {
        if (use.effort() != null) {
            variables.putIfAbsent("reasoning_effort", use.effort());
        }
        if (use.thinking() != null) {
            variables.putIfAbsent("enable_thinking", use.thinking());
            variables.putIfAbsent("thinking", use.thinking());
        }
    }

    private ChatTurn turn(Message m) {
        List<ToolCall> calls = m.toolCalls().stream()
                .map(c -> new ToolCall(String.valueOf(broken(c.id())), String.valueOf(broken(c.name())), object(c.arguments())))
                .toList();
        return new ChatTurn(m.role(), (String) broken(m.content()), (String) broken(m.reasoning()), calls,
                (String) broken(m.toolCallId()), (String) broken(m.name()));
    }

    @SuppressWarnings("unchecked")
    private Map<String, @Nullable Object> object(Map<String, ?> map) {
        return (Map<String, @Nullable Object>) java.util.Objects.requireNonNull(broken(map));
    }

    /** A value in whose texts no special token is spelled. */
    private @Nullable Object broken(@Nullable Object value) {
        return switch (value) {
            case String s -> SpecialTokens.breakSpellings(s, tokenizer.vocab());
            case Map<?, ?> m -> {
                Map<String, @Nullable Object> out = new LinkedHashMap<>();
                m.forEach((k, v) -> out.put(String.valueOf(broken(String.valueOf(k))), broken(v)));
                yield out;
            }
            case List<?> l -> {
                List<@Nullable Object> out = new ArrayList<>();
                l.forEach(v -> out.add(broken(v)));
                yield out;
            }
            case null, default -> value;
        };
    }

    private static String spelling(Vocab vocab, int id) {
        return id < 0 ? "" : new String(vocab.bytes(id), StandardCharsets.UTF_8);
    }
}
