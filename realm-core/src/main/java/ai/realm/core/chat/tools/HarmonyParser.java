package ai.realm.core.chat.tools;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads harmony: the prompt ended after {@code <|start|>assistant}, so the answer begins within a header. */
final class HarmonyParser extends AnswerParser {
    private static final int MAX_HEADER = 512;
    private static final Pattern RECIPIENT = Pattern.compile("to=([\\w.:/-]+)");
    private static final Pattern CHANNEL = Pattern.compile("<\\|channel\\|>(\\w+)");
    private static final List<String> MARKS = List.of(HarmonyFormat.CHANNEL, HarmonyFormat.MESSAGE, HarmonyFormat.START,
            HarmonyFormat.END, HarmonyFormat.CALL, HarmonyFormat.RETURN);
    private static final List<String> BEGINNINGS = List.of(HarmonyFormat.CHANNEL, HarmonyFormat.MESSAGE, HarmonyFormat.START,
            " to=",
            "to=");

    private enum Body {
        HEADER,
        CONTENT,
        REASONING,
        ARGUMENTS,
        /** After a call's arguments, until the message ends. */
        REST
    }

    private final ParserOptions options;
    private final CallSink sink;
    private final Op arguments = Ops.arguments();
    private final StringBuilder pending = new StringBuilder();
    private final StringBuilder header = new StringBuilder();
    private final StringBuilder raw = new StringBuilder();
    private Body body = Body.HEADER;
    private boolean first = true;

    HarmonyParser(ParserOptions options) {
        this.options = options;
        this.sink = new CallSink(out, options.toolsByName(), options.hold());
        if (options.startsInReasoning()) {
            body = Body.REASONING;
            first = false;
        }
    }

    @Override
    void read(char c) {
        if (pending.isEmpty() && c != '<') {
            plain(c);
            return;
        }
        pending.append(c);
        String text = pending.toString();
        if (MARKS.contains(text)) {
            pending.setLength(0);
            mark(text);
            return;
        }
        for (String m : MARKS) {
            if (m.startsWith(text)) {
                return;
            }
        }
        pending.setLength(0);
        plain(text.charAt(0));
        readAgain(text.substring(1));
    }

    private void mark(String m) {
        if (body == Body.HEADER) {
            if (m.equals(HarmonyFormat.MESSAGE)) {
                open();
            } else {
                header.append(m);
            }
            return;
        }
        if (m.equals(HarmonyFormat.MESSAGE)) {
            m.chars().forEach(x -> plain((char) x));
            return;
        }
        breakOff();
        if (body == Body.REASONING && options.reasoningInContent()) {
            out.content(m);
        }
        body = Body.HEADER;
        header.setLength(0);
        if (m.equals(HarmonyFormat.CHANNEL) || m.equals(HarmonyFormat.START)) {
            header.append(m);
        }
    }

    private void open() {
        first = false;
        String text = header.toString();
        header.setLength(0);
        Matcher to = RECIPIENT.matcher(text);
        Matcher channel = CHANNEL.matcher(text);
        String recipient = to.find() ? to.group(1) : null;
        String name = channel.find() ? channel.group(1) : "final";
        raw.setLength(0);
        if (recipient != null && recipient.startsWith(HarmonyFormat.FUNCTIONS) && options.calls()) {
            call(text, recipient.substring(HarmonyFormat.FUNCTIONS.length()));
        } else if (name.equals("analysis") || recipient != null && !recipient.startsWith(HarmonyFormat.FUNCTIONS)) {
            body = Body.REASONING;
            if (options.reasoningInContent()) {
                out.content(text + HarmonyFormat.MESSAGE);
            }
        } else {
            body = Body.CONTENT;
        }
    }

    private void call(String text, String name) {
        raw.append(text).append(HarmonyFormat.MESSAGE);
        if (sink.name(name)) {
            body = Body.ARGUMENTS;
            arguments.reset();
        } else {
            broken();
        }
    }

    private void plain(char c) {
        switch (body) {
            case HEADER -> header(c);
            case CONTENT -> out.content(String.valueOf(c));
            case REASONING -> {
                if (options.reasoningInContent()) {
                    out.content(String.valueOf(c));
                } else {
                    out.reasoning(String.valueOf(c));
                }
            }
            case ARGUMENTS -> arguments(c);
            case REST -> {
                // a message of a call holds nothing else
            }
        }
    }

    private void header(char c) {
        header.append(c);
        boolean known = !first;
        for (String b : BEGINNINGS) {
            known |= b.length() > header.length() ? b.startsWith(header.toString()) : header.indexOf(b) == 0;
        }
        if (!known || header.length() > MAX_HEADER) {
            first = false;
            body = Body.CONTENT;
            out.content(header);
            header.setLength(0);
        }
    }

    private void arguments(char c) {
        if (!sink.begun()) {
            raw.append(c);
        }
        switch (arguments.feed(c, sink)) {
            case Op.NEXT -> {
                sink.end();
                raw.setLength(0);
                body = Body.REST;
            }
            case Op.FAIL -> {
                if (!sink.breakOff()) {
                    broken();
                } else {
                    body = Body.CONTENT;
                    out.content(String.valueOf(c));
                }
            }
            default -> {
            }
        }
    }

    private void broken() {
        body = Body.CONTENT;
        out.content(raw);
        raw.setLength(0);
    }

    /** A call whose message ends before its arguments do. */
    private void breakOff() {
        if (body == Body.ARGUMENTS && !sink.breakOff()) {
            broken();
        }
    }

    @Override
    void end() {
        String rest = pending.toString();
        pending.setLength(0);
        rest.chars().forEach(c -> plain((char) c));
        breakOff();
        if (body == Body.HEADER && first) {
            out.content(header);
        }
        header.setLength(0);
    }
}
