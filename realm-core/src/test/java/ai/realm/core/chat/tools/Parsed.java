package ai.realm.core.chat.tools;

import java.util.ArrayList;
import java.util.List;

/** Events of an answer put together, as a client does that streams. */
final class Parsed {
    final StringBuilder content = new StringBuilder();
    final StringBuilder reasoning = new StringBuilder();
    final List<String> names = new ArrayList<>();
    final List<String> ids = new ArrayList<>();
    final List<StringBuilder> arguments = new ArrayList<>();
    int ended;

    static Parsed of(ChatFormat format, ParserOptions options, List<String> pieces) {
        Parsed p = new Parsed();
        AnswerParser parser = format.parser(options);
        pieces.forEach(piece -> parser.accept(piece).forEach(p::add));
        parser.finish().forEach(p::add);
        return p;
    }

    private void add(AnswerEvent e) {
        switch (e) {
            case AnswerEvent.Content c -> content.append(c.text());
            case AnswerEvent.Reasoning r -> reasoning.append(r.text());
            case AnswerEvent.CallBegin b -> {
                if (b.index() != names.size() || ended > b.index()) {
                    throw new AssertionError("call " + b.index() + " begins after " + names + ", " + ended + " ended");
                }
                names.add(b.name());
                ids.add(b.id());
                arguments.add(new StringBuilder());
            }
            case AnswerEvent.CallArguments a -> arguments.get(a.index()).append(a.text());
            case AnswerEvent.CallEnd end -> ended++;
        }
    }

    @Override
    public String toString() {
        return "content=" + content + " reasoning=" + reasoning + " calls=" + names + ids + arguments + " ended=" + ended;
    }
}
