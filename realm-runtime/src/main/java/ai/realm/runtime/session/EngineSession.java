package ai.realm.runtime.session;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.core.tokenizer.Detokenizer;
import ai.realm.runtime.scheduler.Ending;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.scheduler.Sequence;
import ai.realm.runtime.scheduler.TokenQueue;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A session on an {@link Engine}: the reader's thread turns tokens into text and looks for stop strings, so that the engine's does
 * not. The engine may be some tokens ahead when a stop string is found; what it did after is not counted, so that text and usage
 * are the same whoever is faster.
 */
final class EngineSession implements InferenceSession {
    private final RequestContext context;
    private final Engine engine;
    private final Sequence sequence;
    private final TokenQueue queue;
    private final Detokenizer detokenizer;
    private final StopMatcher stops;
    private final RequestContext.Registration registration;
    private final int[] token = new int[1];
    private final PieceTokens tokens = new PieceTokens();
    private final boolean promptOnly;
    private boolean promptShown;
    private boolean detokenized;
    private boolean finishing;
    private volatile boolean stopped;
    private SessionEvent.@Nullable End end;
    /** An event that the prompt's log-probabilities go before. */
    private @Nullable SessionEvent held;

    /** @param promptOnly whether only the prompt is looked at: the token that the engine chooses after it counts for nothing */
    EngineSession(RequestContext context, Engine engine, Sequence sequence, Detokenizer detokenizer, StopMatcher stops,
            boolean promptOnly) {
        this.promptOnly = promptOnly;
        this.context = context;
        this.engine = engine;
        this.sequence = sequence;
        this.queue = sequence.output();
        this.detokenizer = detokenizer;
        this.stops = stops;
        this.registration = context.onCancel(this::cancelled);
    }

    private void cancelled() {
        abort(Objects.requireNonNull(context.cancelled()));
    }

    private void abort(RealmException why) {
        if (queue.abort(Ending.Kind.CANCELLED, why)) {
            engine.wake();
        }
    }

    @Override
    public SessionEvent next() throws InterruptedException {
        SessionEvent next = held;
        held = null;
        while (next == null && end == null) {
            next = finishing ? ended() : piece(nextText());
        }
        if (next == null) {
            return Objects.requireNonNull(end);
        }
        if (!promptShown && !sequence.promptLogProbs().isEmpty()) {
            promptShown = true;
            held = next;
            return new SessionEvent.Prompt(sequence.promptLogProbs());
        }
        return next;
    }

    private SessionEvent.End ended() {
        SessionEvent.End last = finished(Objects.requireNonNull(queue.ending()));
        end = last;
        registration.close();
        return last;
    }

    private SessionEvent.@Nullable Piece piece(String text) {
        List<TokenLogProbs> shown = tokens.shown(text.length(), finishing, stops.found());
        return text.isEmpty() && shown.isEmpty() ? null : new SessionEvent.Piece(text, shown);
    }

    private String nextText() throws InterruptedException {
        return switch (take()) {
            case TOKEN -> textOf(token[0]);
            case END -> rest();
            case TIMEOUT -> {
                abort(new RealmException(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline has passed"));
                yield "";
            }
        };
    }

    private TokenQueue.Taken take() throws InterruptedException {
        try {
            return queue.take(token, context.remainingNanos());
        } catch (InterruptedException e) {
            abort(new RealmException(ErrorCode.CANCELLED, "the thread that reads the answer was interrupted"));
            throw e;
        }
    }

    private String textOf(int id) {
        if (promptOnly) {
            stop();
            finishing = true;
            return "";
        }
        String made = detokenizer.accept(id);
        tokens.add(queue.logProbs(), made.length());
        String text = stops.accept(made);
        if (!detokenized) {
            detokenized = true;
            context.reached(9, "detokenizer");
        }
        if (stops.found()) {
            stop();
            finishing = true;
        }
        return text;
    }

    /** At the end of what was generated nothing is held back any more; a generation that was cut off has no rest. */
    private String rest() {
        finishing = true;
        Ending.Kind kind = Objects.requireNonNull(queue.ending()).kind();
        if (stops.found() || stopped || kind == Ending.Kind.CANCELLED || kind == Ending.Kind.ERROR) {
            tokens.drop();
            return "";
        }
        String text = stops.accept(detokenizer.finish());
        if (stops.found()) {
            queue.endByReader();
            return text;
        }
        return text + stops.finish();
    }

    private SessionEvent.End finished(Ending e) {
        FinishReason reason = switch (e.kind()) {
            case STOP -> promptOnly ? FinishReason.LENGTH : FinishReason.STOP;
            case LENGTH -> FinishReason.LENGTH;
            case CANCELLED -> FinishReason.CANCELLED;
            case ERROR -> FinishReason.ERROR;
        };
        int cached = sequence.cachedTokens();
        int prompt = cached < 0 || sequence.isFork() ? 0 : sequence.spec().prompt().length;
        int generated = promptOnly ? 0 : e.generatedTokens();
        return new SessionEvent.End(reason, new Usage(prompt, Math.max(0, cached), generated, sequence.engineNanos()), e.error(),
                stops.foundString());
    }

    @Override
    public void stop() {
        stopped = true;
        queue.endByReader();
        engine.wake();
    }

    @Override
    public void close() {
        abort(new RealmException(ErrorCode.CANCELLED, "the session was closed before its end"));
        registration.close();
    }
}
