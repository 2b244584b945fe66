package ai.realm.core.sampling;

import org.jspecify.annotations.Nullable;

/** Tells the log-probability of each token of a prompt but the first, then lets another choose, or ends: scoring needs no sampling. */
public final class Scorer implements Chooser {
    private final LogProbsReader reader;
    private final int lastScored;
    private final @Nullable Chooser then;

    /**
     * @param promptLength tokens of the prompt
     * @param alternatives likeliest tokens to name beside each; may be 0
     * @param then chooses what comes after the prompt; null to end there
     */
    public Scorer(int promptLength, int alternatives, @Nullable Chooser then) {
        this.reader = new LogProbsReader(alternatives);
        this.lastScored = promptLength - 2;
        this.then = then;
    }

    @Override
    public int firstRow(int promptLength) {
        return 0;
    }

    @Override
    public void choose(LogitRows rows, Choice choice, long steps) {
        while (rows.count() > 0 && rows.position(0) <= lastScored) {
            choice.score(reader.read(rows.data(), rows.offset(0), rows.cols(), rows.next(0)));
            rows.skip(1);
        }
        if (rows.count() > 0 && then != null) {
            then.choose(rows, choice, steps);
        } else if (rows.count() > 0) {
            choice.goOn(Choice.Kind.END);
        }
    }

    @Override
    public long work() {
        return then == null ? 0 : then.work();
    }
}
