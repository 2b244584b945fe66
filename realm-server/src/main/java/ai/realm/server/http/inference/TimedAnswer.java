package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import java.util.List;

/** Tells the request's log when an answer begins. */
record TimedAnswer(Answer to, RequestLog log) implements Answer {
    @Override
    public void piece(int index, String text) {
        log.answering();
        to.piece(index, text);
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
    public void events(int index, List<AnswerEvent> events) {
        log.answering();
        to.events(index, events);
    }

    @Override
    public void notice(String name, String json) {
        to.notice(name, json);
    }

    @Override
    public void end(int index, FinishReason reason) {
        to.end(index, reason);
    }

    @Override
    public void finish(Usage usage) {
        log.answering();
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
