package ai.realm.core.tensor;

import java.util.Arrays;

/**
 * The extents of a tensor in GGUF order: {@code dims[0]} is the fastest (the row length), 1 to 4 dimensions, each at least 1.
 */
public record Shape(long... dims) {

    public Shape {
        dims = dims.clone();
        if (dims.length < 1 || dims.length > 4) {
            throw new IllegalArgumentException("a tensor has 1 to 4 dimensions, not " + dims.length);
        }
        long n = 1;
        for (long d : dims) {
            if (d < 1) {
                throw new IllegalArgumentException("a dimension is at least 1, not " + d);
            }
            n = Math.multiplyExact(n, d);
        }
    }

    @Override
    public long[] dims() {
        return dims.clone();
    }

    public int rank() {
        return dims.length;
    }

    /** The extent of dimension {@code i}; 1 beyond the rank. */
    public long dim(int i) {
        return i < dims.length ? dims[i] : 1;
    }

    /** Number of elements. */
    public long elements() {
        long n = 1;
        for (long d : dims) {
            n *= d;
        }
        return n;
    }

    /** Number of rows of length {@code dim(0)}. */
    public long rows() {
        return elements() / dims[0];
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
