package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.chat.tools.AnswerParser;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import java.util.List;

/** Reads the text of each choice, as the guest let it through, into content, reasoning and calls for the answer behind it. */
final class ParsedAnswer implements Answer {
    private final Answer to;
    private final AnswerParser[] parsers;
    private final Numbers[] numbers;

    ParsedAnswer(Answer to, AnswerReading reading, int choices, boolean hold) {
        this.to = to;
        this.parsers = new AnswerParser[choices];
        this.numbers = new Numbers[choices];
        for (int i = 0; i < choices; i++) {
            parsers[i] = reading.parser(hold);
            numbers[i] = new Numbers();
        }
    }

    /** A choice grows in one thread. */
    @Override
    public void piece(int index, String text) {
        pass(index, parsers[index].accept(text), false);
    }

    /** What the guest says in parts needs no reading, and comes after all that was read. */
    @Override
    public void events(int index, List<AnswerEvent> events) {
        pass(index, events, true);
    }

    @Override
    public void notice(String name, String json) {
        to.notice(name, json);
    }

    private void pass(int index, List<AnswerEvent> events, boolean ofGuest) {
        if (!events.isEmpty()) {
            to.events(index, events.stream().map(e -> numbers[index].of(e, ofGuest)).toList());
        }
    }

    /** Calls that the model wrote and those that the guest made are numbered together, in their order. */
    private static final class Numbers {
        private final int[] current = new int[2];
        private int next;

        AnswerEvent of(AnswerEvent event, boolean ofGuest) {
            int source = ofGuest ? 1 : 0;
            return switch (event) {
                case AnswerEvent.CallBegin b -> {
                    current[source] = next++;
                    yield new AnswerEvent.CallBegin(current[source], b.name(), b.id());
                }
                case AnswerEvent.CallArguments a -> new AnswerEvent.CallArguments(current[source], a.text());
                case AnswerEvent.CallEnd _ -> new AnswerEvent.CallEnd(current[source]);
                default -> event;
            };
        }
    }

    @Override
    public void logProbs(int index, List<TokenLogProbs> tokens) {
        to.logProbs(index, tokens);
    }

    @Override
    public void promptLogProbs(int index, List<TokenLogProbs> tokens) {
        to.promptLogProbs(index, tokens);
    }

    @Override
    public void end(int index, FinishReason reason) {
        pass(index, parsers[index].finish(), false);
        to.end(index, reason);
    }

    @Override
    public void finish(Usage usage) {
        to.finish(usage);
    }

    @Override
    public boolean committed() {
        return to.committed();
    }

    @Override
    public void fail(RealmException error) {
        to.fail(error);
    }
}
