package ai.realm.core.sampling;

/**
 * Leaves every choice to somebody outside the engine: hands over a copy of the logits and waits. The answer comes by the engine's
 * {@code decide}, from any thread and at any time before the sequence's end.
 */
public final class OutsideChooser implements Chooser {
    private final Asked asked;

    /** Is told that a choice is due. Called where rows are read: it must be quick, and not wait for the answer. */
    @FunctionalInterface
    public interface Asked {
        /**
         * @param logits of the whole vocabulary, its own from here on
         * @param position of the token that they come after
         */
        void ask(float[] logits, int position);
    }

    public OutsideChooser(Asked asked) {
        this.asked = asked;
    }

    @Override
    public boolean isSteered() {
        return true;
    }

    @Override
    public void choose(LogitRows rows, Choice choice, long steps) {
        float[] row = new float[rows.cols()];
        int last = rows.count() - 1;
        System.arraycopy(rows.data(), rows.offset(last), row, 0, row.length);
        choice.goOn(Choice.Kind.WAIT);
        asked.ask(row, rows.position(last));
    }
}
