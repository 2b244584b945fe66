package ai.realm.core.sampling;

import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Chooses for a sequence that somebody outside, its owner, steers: it samples as far as the owner lets it, then rests. Whose turn it is
 * decides who may touch the sampler: the engine from {@link #release} on, until a token, a row or a stop has come of it; the owner
 * otherwise. Where the engine would have to wait for the owner it keeps the row of logits, by which it is asked to choose once the
 * owner lets it go on.
 */
public final class SteeredChooser implements Chooser {
    private final SteeredSampler sampler;
    private final int[] endTokens;
    private final Runnable onStop;
    private final LogProbsReader scorer = new LogProbsReader(0);

    /** Rows of before count for nothing: the owner has changed the tokens, and the engine does not know it yet. */
    private boolean edited;
    private boolean mayGo;
    private boolean stepwise;
    private int left;
    /** The logits after the last token, when the engine came there and was not let on. Never written to again. */
    private float @Nullable [] row;
    private int @Nullable [] scoring;
    private float[] scores = new float[0];
    private int scored;
    private volatile Stop stop = Stop.FED;
    private volatile int produced;

    /** Why nothing more comes before the owner says so. */
    public enum Stop {
        /** It has not stopped. */
        NONE,
        /** The owner has it; nothing was asked for. */
        FED,
        /** There is a row, or there are scores, for the owner. */
        READY,
        /** As many tokens have come as were asked for. */
        LENGTH,
        /** The model chose a token that ends the output, which is not part of it. */
        END
    }

    /**
     * @param endTokens ids that end an output
     * @param onStop called on any thread when there is something for the owner; must be quick
     */
    public SteeredChooser(SteeredSampler sampler, Collection<Integer> endTokens, Runnable onStop) {
        this.sampler = sampler;
        this.endTokens = endTokens.stream().mapToInt(Integer::intValue).sorted().toArray();
        this.onStop = onStop;
    }

    /** One for a fork, which rests where this one does. The owner's. */
    public SteeredChooser fork(SteeredSampler own, Runnable ownStop) {
        SteeredChooser other = new SteeredChooser(own, Arrays.stream(endTokens).boxed().toList(), ownStop);
        synchronized (this) {
            other.row = edited ? null : row;
        }
        return other;
    }

    @Override
    public boolean isSteered() {
        return true;
    }

    @Override
    public int firstRow(int promptLength) {
        int[] ids = scoring;
        return ids == null ? promptLength - 1 : promptLength - ids.length;
    }

    /** Tokens chosen so far; when it has stopped and they have all been read, the owner has its turn. Any thread. */
    public int produced() {
        return produced;
    }

    public Stop stop() {
        return stop;
    }

    /** The logits after the last token, or null. The owner's. */
    public synchronized float @Nullable [] row() {
        return edited ? null : row;
    }

    /** The owner has changed what is known: rows that come before {@link #follow} are of before. */
    public synchronized void edit() {
        edited = true;
        row = null;
    }

    /** The engine knows what the owner has changed. The engine's loop. */
    public synchronized void follow() {
        edited = false;
    }

    /** The owner wants the logits after the last token and nothing else; whether they are there. */
    public synchronized boolean releaseForRow() {
        boolean there = !edited && row != null;
        stop = there ? Stop.READY : Stop.NONE;
        mayGo = false;
        return there;
    }

    /** The owner wants the log-probabilities of these as what comes next. */
    public synchronized void releaseForScores(int[] ids) {
        stop = Stop.NONE;
        mayGo = false;
        scoring = ids;
        scores = new float[ids.length];
        scored = 0;
    }

    public float[] scores() {
        return scores;
    }

    /**
     * The owner lets it go on.
     *
     * @param tokens at most so many; below 0 for as many as were left
     * @param eachStep whether it must be let go on again after each
     * @return the row that was kept, by which the engine is to be asked to choose; null when it comes to choose by itself
     */
    public synchronized float @Nullable [] release(int tokens, boolean eachStep) {
        if (tokens >= 0) {
            left = tokens;
        }
        stepwise = eachStep;
        stop = Stop.NONE;
        mayGo = true;
        float[] kept = edited ? null : row;
        row = null;
        return kept;
    }

    /** The owner wants it to rest as soon as it can; what it does then can be seen by {@link #stop}. */
    public synchronized void halt() {
        mayGo = false;
    }

    @Override
    public void choose(LogitRows rows, Choice choice, long steps) {
        int[] ids;
        boolean go;
        synchronized (this) {
            if (edited) {
                choice.goOn(Choice.Kind.WAIT);
                return;
            }
            ids = scoring;
            go = mayGo;
            if (ids == null && !go) {
                row = copy(rows);
                stop = Stop.READY;
            }
        }
        if (ids != null) {
            score(rows, choice, ids);
        } else if (go) {
            int last = rows.count() - 1;
            pick(rows.data(), rows.offset(last), rows.cols(), choice, steps);
        } else {
            choice.goOn(Choice.Kind.WAIT);
            onStop.run();
        }
    }

    private static float[] copy(LogitRows rows) {
        int from = rows.offset(rows.count() - 1);
        return Arrays.copyOfRange(rows.data(), from, from + rows.cols());
    }

    private void score(LogitRows rows, Choice choice, int[] ids) {
        for (; rows.count() > 0 && scored < ids.length; rows.skip(1)) {
            scores[scored] = scorer.read(rows.data(), rows.offset(0), rows.cols(), ids[scored]).logProb();
            scored++;
        }
        if (scored == ids.length) {
            choice.goOn(Choice.Kind.WAIT);
            synchronized (this) {
                scoring = null;
                stop = Stop.READY;
            }
            onStop.run();
        }
    }

    private void pick(float[] data, int offset, int cols, Choice choice, long steps) {
        int token = sampler.sample(data, offset, cols, steps);
        if (token == Sampler.LATER) {
            choice.goOn(Choice.Kind.LATER);
        } else if (Arrays.binarySearch(endTokens, token) >= 0) {
            float[] own = Arrays.copyOfRange(data, offset, offset + cols);
            synchronized (this) {
                row = edited ? null : own;
                mayGo = false;
                stop = Stop.END;
            }
            choice.goOn(Choice.Kind.WAIT);
            onStop.run();
        } else {
            TokenLogProbs details = sampler.lastLogProbs();
            sampler.accept(token, true);
            choice.accept(token, details);
            came(choice);
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // whoever has its turn writes
    private void came(Choice choice) {
        boolean last;
        synchronized (this) {
            produced++;
            left--;
            last = left <= 0;
            if (last || stepwise) {
                mayGo = false;
            }
            if (last) {
                stop = Stop.LENGTH;
            }
        }
        if (last) {
            choice.goOn(Choice.Kind.WAIT);
            onStop.run();
        }
    }

    @Override
    public long work() {
        return sampler.work();
    }
}
