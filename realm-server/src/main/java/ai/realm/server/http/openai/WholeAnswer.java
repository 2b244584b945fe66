package ai.realm.server.http.openai;

import ai.realm.core.chat.tools.AnswerEvent;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import ai.realm.server.http.inference.Answer;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** An answer that is sent at once, when it is complete. */
final class WholeAnswer implements Answer {
    private final AnswerJson json;
    private final List<ChoiceState> choices;
    private final int made;
    private final int keep;
    private final Consumer<ObjectNode> send;

    /**
     * @param made answers to each prompt
     * @param keep those of them that are shown, the likeliest
     */
    WholeAnswer(AnswerJson json, List<ChoiceState> choices, int made, int keep, Consumer<ObjectNode> send) {
        this.json = json;
        this.choices = choices;
        this.made = made;
        this.keep = keep;
        this.send = send;
    }

    @Override
    public synchronized void piece(int index, String text) {
        choices.get(index).message.content.append(text);
    }

    @Override
    public synchronized void events(int index, List<AnswerEvent> events) {
        events.forEach(choices.get(index).message::add);
    }

    @Override
    public synchronized void logProbs(int index, List<TokenLogProbs> tokens) {
        choices.get(index).add(tokens);
    }

    @Override
    public synchronized void promptLogProbs(int index, List<TokenLogProbs> tokens) {
        choices.get(index).prompt(tokens);
    }

    @Override
    public synchronized void end(int index, FinishReason reason) {
        choices.get(index).reason = reason;
    }

    @Override
    public synchronized void finish(Usage usage) {
        send.accept(json.whole(made == keep ? choices : best(), usage));
    }

    private List<ChoiceState> best() {
        List<ChoiceState> best = new ArrayList<>();
        for (int from = 0; from < choices.size(); from += made) {
            choices.subList(from, from + made).stream()
                    .sorted(Comparator.comparingDouble(ChoiceState::likelihood).reversed()).limit(keep).forEach(best::add);
        }
        return best;
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
