package ai.realm.server.http.inference;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;

/** Tells the request's log when an answer begins. */
record TimedAnswer(Answer to, RequestLog log) implements Answer {
    @Override
    public void piece(int index, String text) {
        log.answering();
        to.piece(index, text);
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
