package ai.realm.core.chat.tools;

import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** gpt-oss's harmony: messages with a channel each (analysis, commentary, final), calls as messages to a function. */
final class HarmonyFormat extends ChatFormat {
    static final String CHANNEL = "<|channel|>";
    static final String MESSAGE = "<|message|>";
    static final String START = "<|start|>";
    static final String END = "<|end|>";
    static final String CALL = "<|call|>";
    static final String RETURN = "<|return|>";
    static final String CONSTRAIN = "<|constrain|>";
    static final String FUNCTIONS = "functions.";
    private static final String TO = "to=" + FUNCTIONS;

    private HarmonyFormat() {
        super("harmony");
    }

    static boolean fits(String template) {
        return template.contains(CHANNEL) && template.contains(MESSAGE);
    }

    static ChatFormat of(String template) {
        return new HarmonyFormat();
    }

    @Override
    public AnswerParser parser(ParserOptions options) {
        return new HarmonyParser(options);
    }

    @Override
    public String grammar(CallRules rules, @Nullable Vocab vocab) {
        GrammarWriter g = new GrammarWriter(vocab);
        String call = g.anyOf(rules.tools(), t -> GrammarWriter.literal(t.name()) + " " + rest(g, t));
        String schema = rules.contentSchema();
        if (!rules.required() && schema == null) {
            return g.grammar(FreeText.rule(g, List.of(new Trigger(TO, false, call)),
                    List.of(CHANNEL, MESSAGE, START, END, CONSTRAIN), true, ""));
        }
        String message = g.mark(CHANNEL) + " \"commentary \" " + GrammarWriter.literal(TO) + " " + call;
        if (schema != null && !rules.required()) {
            message = "(" + message + " | " + g.mark(CHANNEL) + " \"final\" " + g.mark(MESSAGE) + " %json " + schema + ")";
        }
        String analysis = g.mark(CHANNEL) + " \"analysis\" " + g.mark(MESSAGE) + " "
                + FreeText.until(g, END, g.mark(START) + " \"assistant\" " + message);
        return g.grammar(analysis + " | " + message);
    }

    private static String rest(GrammarWriter g, Tool t) {
        String json = "(\" \"? (" + g.mark(CONSTRAIN) + ")? \"json\")?";
        return "(" + g.mark(CHANNEL) + " \"commentary\" " + json + " | " + json + ") " + g.mark(MESSAGE) + " " + g.arguments(t)
                + " (" + g.mark(CALL) + ")?";
    }

    @Override
    public String write(List<ToolCall> calls) {
        List<String> messages = new ArrayList<>();
        calls.forEach(c -> messages.add(CHANNEL + "commentary " + TO + c.name() + " " + CONSTRAIN + "json" + MESSAGE + c.json()));
        return String.join(CALL + START + "assistant", messages);
    }

    @Override
    public List<String> marks(boolean calls) {
        return List.of(CHANNEL, MESSAGE, START, END, CALL, CONSTRAIN);
    }

    @Override
    public String reasoningOpen() {
        return CHANNEL + "analysis" + MESSAGE;
    }

    @Override
    public String reasoningClose() {
        return END;
    }
}
