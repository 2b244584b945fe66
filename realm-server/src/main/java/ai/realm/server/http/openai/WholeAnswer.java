package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.function.Consumer;

/** An answer that is sent at once, when it is complete. */
final class WholeAnswer implements Answer {
    private final AnswerJson json;
    private final StringBuilder[] texts;
    private final FinishReason[] reasons;
    private final Consumer<ObjectNode> send;

    WholeAnswer(AnswerJson json, int choices, Consumer<ObjectNode> send) {
        this.json = json;
        this.texts = new StringBuilder[choices];
        Arrays.setAll(texts, _ -> new StringBuilder());
        this.reasons = new FinishReason[choices];
        Arrays.fill(reasons, FinishReason.STOP);
        this.send = send;
    }

    @Override
    public synchronized void piece(int index, String text) {
        texts[index].append(text);
    }

    @Override
    public synchronized void end(int index, FinishReason reason) {
        reasons[index] = reason;
    }

    @Override
    public synchronized void finish(Usage usage) {
        String[] whole = new String[texts.length];
        Arrays.setAll(whole, i -> texts[i].toString());
        send.accept(json.whole(whole, reasons, usage));
    }

    @Override
    public boolean committed() {
        return false;
    }

    @Override
    public void fail(RealmException error) {
        throw new IllegalStateException("nothing was sent, so the error is the answer", error);
    }
}
