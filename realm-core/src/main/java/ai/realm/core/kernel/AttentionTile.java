package ai.realm.core.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * One unit of attention for {@link AttentionKernels#attend}: up to {@link #MAX_ROWS} query rows over keys and values that lie in
 * pages of consecutive positions. A query row is a token of one sequence and one of the query heads that share a KV head; each
 * has the range of positions that it sees. Reused from tile to tile; one thread at a time.
 */
public final class AttentionTile {
    /** Query rows in a tile at most. */
    public static final int MAX_ROWS = 64;

    private final float[] queries;
    private final float[] out;
    private final MemorySegment queryMemory;
    private final MemorySegment outMemory;
    private final int[] low = new int[MAX_ROWS];
    private final int[] high = new int[MAX_ROWS];
    private final float[] sinks = new float[MAX_ROWS];
    private final float[] slopes = new float[MAX_ROWS];
    private final int[] positions = new int[MAX_ROWS];
    private int keyDim;
    private int valueDim;
    private float scale;
    private float softCap;
    private boolean hasSinks;
    private boolean hasSlopes;
    private int rows;
    private KvType type = KvType.F32;
    private MemorySegment memory = MemorySegment.NULL;
    private int pagePositions = 1;
    private long[] keyPages = new long[0];
    private long[] valuePages = new long[0];

    /** Room for rows of these sizes at most. */
    public AttentionTile(int maxKeyDim, int maxValueDim) {
        this.queries = new float[Math.multiplyExact(MAX_ROWS, maxKeyDim)];
        this.out = new float[Math.multiplyExact(MAX_ROWS, maxValueDim)];
        this.queryMemory = MemorySegment.ofArray(queries);
        this.outMemory = MemorySegment.ofArray(out);
    }

    /**
     * Begins a tile without rows.
     *
     * @param newScale factor of query · key
     * @param newSoftCap scores become {@code cap * tanh(score / cap)}; 0 for none
     * @param newHasSinks whether every row has a logit that joins the softmax's sum only
     */
    public void begin(int newKeyDim, int newValueDim, float newScale, float newSoftCap, boolean newHasSinks) {
        Objects.checkFromIndexSize(0, MAX_ROWS * newKeyDim, queries.length);
        Objects.checkFromIndexSize(0, MAX_ROWS * newValueDim, out.length);
        keyDim = newKeyDim;
        valueDim = newValueDim;
        scale = newScale;
        softCap = newSoftCap;
        hasSinks = newHasSinks;
        hasSlopes = false;
        rows = 0;
    }

    /** Says where keys and values lie; pages are given by {@link #page}. */
    public void over(KvType newType, MemorySegment newMemory, int newPagePositions) {
        type = newType;
        memory = newMemory;
        pagePositions = newPagePositions;
    }

    /** Adds a row that sees the positions {@code from} to {@code to}, not included; its query is then written to {@link #queries}. */
    public int addRow(int from, int to, float sink) {
        if (rows == MAX_ROWS || from < 0) {
            throw new IllegalStateException("a tile has " + MAX_ROWS + " rows at most, positions from 0");
        }
        low[rows] = from;
        high[rows] = Math.max(from, to);
        sinks[rows] = sink;
        return rows++;
    }

    /**
     * ALiBi (arXiv 2108.12409): a row's scores fall by {@code slope} with each position between a key and its own; to be called for each
     * row of a tile or for none.
     */
    public void slope(int row, float slope, int position) {
        hasSlopes = true;
        slopes[row] = slope;
        positions[row] = position;
    }

    /** Says where the positions {@code page * pagePositions} and on have their keys and values. */
    public void page(int page, long keysAt, long valuesAt) {
        if (page >= keyPages.length) {
            int n = Math.max(page + 1, 2 * keyPages.length);
            keyPages = Arrays.copyOf(keyPages, n);
            valuePages = Arrays.copyOf(valuePages, n);
        }
        keyPages[page] = keysAt;
        valuePages[page] = valuesAt;
    }

    /** Query rows of {@link #keyDim} numbers. */
    public float[] queries() {
        return queries;
    }

    /** Result rows of {@link #valueDim} numbers. */
    public float[] out() {
        return out;
    }

    /** {@link #queries} as memory. */
    public MemorySegment queryMemory() {
        return queryMemory;
    }

    /** {@link #out} as memory. */
    public MemorySegment outMemory() {
        return outMemory;
    }

    public int rows() {
        return rows;
    }

    public int keyDim() {
        return keyDim;
    }

    public int valueDim() {
        return valueDim;
    }

    public float scale() {
        return scale;
    }

    public float softCap() {
        return softCap;
    }

    public KvType type() {
        return type;
    }

    public MemorySegment memory() {
        return memory;
    }

    public boolean hasSinks() {
        return hasSinks;
    }

    public boolean hasSlopes() {
        return hasSlopes;
    }

    /** What is added to a row's score, scaled and capped, of the key at a position. */
    public float bias(int row, int position) {
        return -slopes[row] * Math.abs(position - positions[row]);
    }

    public float sink(int row) {
        return sinks[row];
    }

    public int low(int row) {
        return low[row];
    }

    public int high(int row) {
        return high[row];
    }

    /** First position that any row sees. */
    public int lowest() {
        int min = Integer.MAX_VALUE;
        for (int r = 0; r < rows; r++) {
            min = Math.min(min, low[r]);
        }
        return min;
    }

    /** End of the positions that any row sees. */
    public int highest() {
        int max = 0;
        for (int r = 0; r < rows; r++) {
            max = Math.max(max, high[r]);
        }
        return max;
    }

    /** Positions from {@code position} on that lie together in its page. */
    public int together(int position) {
        return pagePositions - position % pagePositions;
    }

    public long keyAt(int position) {
        return keyPages[position / pagePositions] + (long) (position % pagePositions) * type.rowBytes(keyDim);
    }

    public long valueAt(int position) {
        return valuePages[position / pagePositions] + (long) (position % pagePositions) * type.rowBytes(valueDim);
    }
}
