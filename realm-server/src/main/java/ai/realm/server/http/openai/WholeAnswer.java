package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** An answer that is sent at once, when it is complete. */
final class WholeAnswer implements Answer {
    private final AnswerJson json;
    private final ChatMessage[] messages;
    private final FinishReason[] reasons;
    private final Consumer<ObjectNode> send;

    WholeAnswer(AnswerJson json, int choices, Consumer<ObjectNode> send) {
        this.json = json;
        this.messages = new ChatMessage[choices];
        Arrays.setAll(messages, _ -> new ChatMessage());
        this.reasons = new FinishReason[choices];
        Arrays.fill(reasons, FinishReason.STOP);
        this.send = send;
    }

    @Override
    public synchronized void piece(int index, String text) {
        messages[index].content.append(text);
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        events.forEach(messages[index]::add);
    }

    @Override
    public synchronized void end(int index, FinishReason reason) {
        reasons[index] = reason;
    }

    @Override
    public synchronized void finish(Usage usage) {
        send.accept(json.whole(messages, reasons, usage));
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
