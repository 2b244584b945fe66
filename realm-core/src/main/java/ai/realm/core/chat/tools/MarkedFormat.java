package ai.realm.core.chat.tools;

import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A format in which marks in the text begin and end reasoning and calls. */
final class MarkedFormat extends ChatFormat {
    private static final String NL = GrammarWriter.LINES;

    private final CallSyntax syntax;
    private final @Nullable String reasoningOpen;
    private final @Nullable String reasoningClose;
    private final List<String> dropped;
    private final String tail;

    private MarkedFormat(String name, CallSyntax syntax, @Nullable String reasoningOpen, @Nullable String reasoningClose,
            List<String> dropped, String tail) {
        super(name);
        this.syntax = syntax;
        this.reasoningOpen = reasoningOpen;
        this.reasoningClose = reasoningClose;
        this.dropped = List.copyOf(dropped);
        this.tail = tail;
    }

    /** Calls in this syntax, reasoning between the marks that the template names. */
    static MarkedFormat of(String name, CallSyntax syntax, String template) {
        Reasoning r = Reasoning.of(template);
        return new MarkedFormat(name, syntax, r == null ? null : r.open(), r == null ? null : r.close(), List.of(), "");
    }

    /** The same with marks that are not shown. */
    MarkedFormat dropping(String... marks) {
        return new MarkedFormat(name(), syntax, reasoningOpen, reasoningClose, List.of(marks), tail);
    }

    /** The same with the end of a prompt that belongs to the answer. */
    MarkedFormat continuing(String promptEnd) {
        return new MarkedFormat(name(), syntax, reasoningOpen, reasoningClose, dropped, promptEnd);
    }

    CallSyntax syntax() {
        return syntax;
    }

    List<String> dropped() {
        return dropped;
    }

    @Override
    public @Nullable String reasoningOpen() {
        return reasoningOpen;
    }

    @Override
    public @Nullable String reasoningClose() {
        return reasoningClose;
    }

    @Override
    public String tail(String prompt) {
        return !tail.isEmpty() && prompt.endsWith(tail) ? tail : "";
    }

    @Override
    public AnswerParser parser(ParserOptions options) {
        return new MarkerParser(this, options);
    }

    @Override
    public String write(List<ToolCall> calls) {
        return syntax.write(calls);
    }

    @Override
    public List<String> marks(boolean calls) {
        List<String> marks = new ArrayList<>(dropped);
        if (reasoningOpen != null && reasoningClose != null) {
            marks.add(reasoningOpen);
            marks.add(reasoningClose);
        }
        if (calls) {
            marks.addAll(syntax.marks());
        }
        return marks;
    }

    @Override
    public String grammar(CallRules rules, @Nullable Vocab vocab) {
        GrammarWriter g = new GrammarWriter(vocab);
        String answer = rules.required() || rules.contentSchema() != null ? forced(g, rules) : free(g, rules);
        if (reasoningClose == null || reasoningOpen == null) {
            return g.grammar(answer);
        }
        String thought = FreeText.until(g, reasoningClose, NL + " " + answer);
        if (rules.startsInReasoning()) {
            return g.grammar(thought);
        }
        return g.grammar(rules.required() || rules.contentSchema() != null
                ? answer + " | " + g.mark(reasoningOpen) + " " + thought
                : freeOrThought(g, rules, thought));
    }

    private String forced(GrammarWriter g, CallRules rules) {
        String calls = syntax.calls(g, rules.tools(), rules.parallel());
        String open = rules.promptTail();
        if (!open.isEmpty()) {
            String mark = g.mark(open);
            calls = calls.startsWith(mark) ? calls.substring(mark.length()) : calls;
        }
        String schema = rules.contentSchema();
        return g.rule(schema == null || rules.required() ? calls : calls + " | %json " + schema);
    }

    private String free(GrammarWriter g, CallRules rules) {
        return FreeText.rule(g, syntax.triggers(g, rules.tools(), rules.parallel()), dropped, true, rules.promptTail());
    }

    private String freeOrThought(GrammarWriter g, CallRules rules, String thought) {
        List<Trigger> triggers = new ArrayList<>(syntax.triggers(g, rules.tools(), rules.parallel()));
        triggers.add(new Trigger(String.valueOf(reasoningOpen), true, thought));
        return FreeText.rule(g, triggers, dropped, true, rules.promptTail());
    }
}
