package ai.realm.core.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A named tensor in memory that somebody else owns: type, shape and exactly the bytes of its QuantBlocks, little-endian, rows
 * one after the other. Readable by any thread while the owner is open.
 */
public record TensorView(String name, GgmlType type, Shape shape, MemorySegment data) {

    public TensorView {
        long want = type.bytesFor(shape.dim(0)) * shape.rows();
        if (data.byteSize() != want) {
            throw new IllegalArgumentException("tensor " + name + " of type " + type + " and shape " + shape + " takes " + want
                    + " bytes, not " + data.byteSize());
        }
    }

    /** Bytes of one row of {@code shape.dim(0)} elements. */
    public long rowBytes() {
        return type.bytesFor(shape.dim(0));
    }

    /** Matrix {@code i} of a tensor of rank 3 (an expert's weights, say), as a tensor of rank 2. */
    public TensorView slice(long i) {
        long rows = shape.dim(1);
        return new TensorView(name + "[" + i + "]", type, new Shape(shape.dim(0), rows),
                data.asSlice(i * rows * rowBytes(), rows * rowBytes()));
    }
}
