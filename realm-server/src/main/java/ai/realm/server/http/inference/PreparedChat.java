package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.CallRules;
import ai.realm.core.chat.tools.ChatDialect;
import ai.realm.core.chat.tools.ChatFormat;
import ai.realm.core.chat.tools.Tool;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.ReasoningBudget;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.store.ModelLease;
import ai.realm.server.http.inference.GenerationRequest.Chat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A chat made ready for its model: the prompt, what the answer is held to, and how it is read.
 *
 * @param reading null when the answer's text is content as it is
 */
record PreparedChat(String prompt, SamplingParams params, @Nullable AnswerReading reading) {

    static PreparedChat of(Chat chat, SamplingParams params, ModelLease model) {
        ChatPrompt prompt = ChatPrompt.of(model);
        String text = prompt.render(chat);
        ChatDialect dialect = prompt.dialect();
        ChatFormat format = dialect.format();
        ToolUse use = chat.tools();
        List<Tool> callable = use.tools().stream().filter(t -> use.callable().contains(t.name())).toList();
        boolean begun = chat.begun().isEmpty() && format.startsInReasoning(text);
        String tail = format.tail(text);
        SamplingParams.Builder b = params.toBuilder();
        Vocab vocab = prompt.tokenizer().vocab();
        if (!callable.isEmpty()) {
            hold(b, params,
                    new CallRules(callable, use.required(), use.parallel() && dialect.parallel(), params.jsonSchema(), begun,
                            tail),
                    format, use, vocab);
        }
        if (callable.isEmpty() && format.reasoningOpen() == null) {
            return new PreparedChat(text, params, null);
        }
        b.shownTokens(shown(format.marks(!callable.isEmpty()), vocab));
        b.reasoningBudget(budget(chat.reasoning(), format, begun, prompt.tokenizer()));
        return new PreparedChat(text, b.build(),
                new AnswerReading(format, callable, chat.reasoning().inContent(), begun, tail));
    }

    private static void hold(SamplingParams.Builder b, SamplingParams params, CallRules rules, ChatFormat format, ToolUse use,
            Vocab vocab) {
        if (params.grammar() != null) {
            throw RealmException.badParam("grammar", "grammar must not be given with tools that may be called");
        }
        List<Tool> held = new ArrayList<>();
        for (Tool t : rules.tools()) {
            held.add(HeldSchemas.of(t, use, rules.required()));
        }
        b.jsonSchema(null).grammar(HeldSchemas.compiled(format.grammar(new CallRules(held, rules.required(), rules.parallel(),
                rules.contentSchema(), rules.startsInReasoning(), rules.promptTail()), vocab), vocab));
    }

    /** Marks that are tokens without a text of their own. */
    private static Set<Integer> shown(List<String> marks, Vocab vocab) {
        Set<Integer> ids = new HashSet<>();
        for (String m : marks) {
            int id = vocab.idOf(m);
            if (id >= 0 && vocab.kind(id) == Vocab.Kind.CONTROL) {
                ids.add(id);
            }
        }
        return ids;
    }

    private static @Nullable ReasoningBudget budget(ReasoningUse use, ChatFormat format, boolean begun, Tokenizer tokenizer) {
        Integer tokens = use.budget();
        String open = format.reasoningOpen();
        String close = format.reasoningClose();
        if (tokens == null || open == null || close == null) {
            return null;
        }
        List<Integer> ids = Arrays.stream(tokenizer.encode(close, false, true)).boxed().toList();
        return ids.isEmpty() ? null : new ReasoningBudget(tokens, open, close, ids, begun);
    }
}
