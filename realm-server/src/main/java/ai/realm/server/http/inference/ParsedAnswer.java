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

    ParsedAnswer(Answer to, AnswerReading reading, int choices, boolean hold) {
        this.to = to;
        this.parsers = new AnswerParser[choices];
        for (int i = 0; i < choices; i++) {
            parsers[i] = reading.parser(hold);
        }
    }

    /** A choice grows in one thread. */
    @Override
    public void piece(int index, String text) {
        pass(index, parsers[index].accept(text));
    }

    /** What the guest says in parts needs no reading, and comes after all that was read. */
    @Override
    public void events(int index, List<AnswerEvent> events) {
        pass(index, events);
    }

    @Override
    public void notice(String name, String json) {
        to.notice(name, json);
    }

    private void pass(int index, List<AnswerEvent> events) {
        if (!events.isEmpty()) {
            to.events(index, events);
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
        pass(index, parsers[index].finish());
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
