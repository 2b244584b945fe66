package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.InferenceSession;
import ai.realm.runtime.session.SessionEvent;
import ai.realm.runtime.session.SessionFactory;
import ai.realm.runtime.session.Usage;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Sessions that say what they were told to, remember what they were asked, and can be made to hang or fail. */
final class FakeSessions implements SessionFactory {
    final List<GenerateCommand> commands = new CopyOnWriteArrayList<>();
    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger stopped = new AtomicInteger();
    final CountDownLatch hanging = new CountDownLatch(1);
    private Function<GenerateCommand, List<String>> script = c -> List.of("Par", "is");
    private FinishReason reason = FinishReason.STOP;
    private @Nullable RealmException openError;
    private @Nullable RealmException endError;
    private boolean hangs;

    FakeSessions says(String... pieces) {
        script = c -> List.of(pieces);
        return this;
    }

    FakeSessions answers(Function<GenerateCommand, List<String>> newScript) {
        script = newScript;
        return this;
    }

    FakeSessions endsWith(FinishReason r) {
        reason = r;
        return this;
    }

    FakeSessions refuses(ErrorCode code, String message) {
        openError = new RealmException(code, message);
        return this;
    }

    FakeSessions accepts() {
        openError = null;
        return this;
    }

    FakeSessions failsAtTheEnd(ErrorCode code, String message) {
        endError = new RealmException(code, message);
        reason = FinishReason.ERROR;
        return this;
    }

    /** After its pieces a session waits until it is interrupted. */
    FakeSessions hangs() {
        return hangs(true);
    }

    FakeSessions hangs(boolean now) {
        hangs = now;
        return this;
    }

    GenerateCommand last() {
        return commands.getLast();
    }

    @Override
    public InferenceSession open(GenerateCommand command) {
        commands.add(command);
        if (openError != null) {
            throw openError;
        }
        open.incrementAndGet();
        return new Session(script.apply(command), command);
    }

    private final class Session implements InferenceSession {
        private final List<String> pieces;
        private final GenerateCommand command;
        private int next;
        private boolean stop;
        private boolean closed;
        private boolean promptTold;

        Session(List<String> pieces, GenerateCommand command) {
            this.pieces = pieces;
            this.command = command;
        }

        @Override
        public SessionEvent next() throws InterruptedException {
            if (!stop && next < Math.min(pieces.size(), command.params().maxTokens())) {
                if (next == 0 && !promptTold && command.params().promptLogProbs() >= 0) {
                    promptTold = true;
                    return new SessionEvent.Prompt(List.of(new TokenLogProbs(99, -1, new int[0], new float[0])));
                }
                return piece();
            }
            if (hangs && !stop) {
                hanging.countDown();
                new CountDownLatch(1).await();
            }
            return new SessionEvent.End(stop ? FinishReason.STOP : reason, new Usage(7, 0, next), endError);
        }

        /** Each piece is one token, whose id is its number, when log-probabilities are wanted. */
        private SessionEvent.Piece piece() {
            int k = command.params().logProbs();
            int id = next++;
            if (k == SamplingParams.NO_LOG_PROBS) {
                return new SessionEvent.Piece(pieces.get(id), List.of());
            }
            int[] ids = new int[k];
            float[] probs = new float[k];
            for (int i = 0; i < k; i++) {
                ids[i] = id + i;
                probs[i] = -i;
            }
            return new SessionEvent.Piece(pieces.get(id), List.of(new TokenLogProbs(id, -0.5f, ids, probs)));
        }

        @Override
        public void stop() {
            stop = true;
            stopped.incrementAndGet();
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                open.decrementAndGet();
            }
        }
    }
}
