package ai.realm.core.sampling;

/**
 * Rows of logits of one sequence, those of positions that follow one another, with what is known of the tokens after them. A view of
 * memory that the next step overwrites: valid during the call that it is given to. One thread at a time.
 */
public final class LogitRows {
    private float[] data = new float[0];
    private int offset;
    private int cols;
    private int count;
    private int position;
    private int[] tokens = new int[0];
    private int length;

    /**
     * @param offset where the first row begins in {@code data}; the others follow it
     * @param position of the token that the first row comes after
     * @param tokens of the sequence, those that are only guessed included
     * @param length how many of {@code tokens} there are
     */
    public LogitRows set(float[] data, int offset, int cols, int count, int position, int[] tokens, int length) {
        this.data = data;
        this.offset = offset;
        this.cols = cols;
        this.count = count;
        this.position = position;
        this.tokens = tokens;
        this.length = length;
        return this;
    }

    /** Becomes the row {@code row} of another view, after which nothing is known. */
    public LogitRows only(LogitRows from, int row) {
        return set(from.data, from.offset(row), from.cols, 1, from.position(row), from.tokens, 0);
    }

    /** Rows that are left. */
    public int count() {
        return count;
    }

    /** Tokens of the vocabulary. */
    public int cols() {
        return cols;
    }

    public float[] data() {
        return data;
    }

    /** Where a row begins in {@link #data}. */
    public int offset(int row) {
        return offset + row * cols;
    }

    /** The position of the token that a row comes after. */
    public int position(int row) {
        return position + row;
    }

    /** The token after a row's position: the one that is known or guessed; -1 where nothing is. */
    public int next(int row) {
        int at = position + row + 1;
        return at < length ? tokens[at] : -1;
    }

    /** Leaves out the first rows. */
    public void skip(int rows) {
        offset += rows * cols;
        position += rows;
        count -= rows;
    }
}
