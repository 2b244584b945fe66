package ai.realm.core.model;

import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.WeightMatrix;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one file as weights: each is looked up by name, its shape checked against what the architecture says, and
 * handed to the kernels in one place, which keeps count of the bytes held.
 */
class Weights {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final GgufFile file;
    private final Compute compute;
    private final Arena arena;
    private final Set<String> read = new HashSet<>();
    private final Set<String> ignored = new HashSet<>();
    private final List<AdapterSite> sites = new ArrayList<>();
    private final boolean gptoss;
    private long bytes;

    Weights(GgufFile file, Compute compute, Arena arena) {
        this.file = file;
        this.compute = compute;
        this.arena = arena;
        this.gptoss = file.architecture().equals("gptoss");
    }

    /** Bytes of everything loaded so far. */
    long bytes() {
        return bytes;
    }

    boolean has(String tensor) {
        return file.tensors().containsKey(named(tensor));
    }

    /** The file's own name of a tensor: files of architecture gptoss call some of them otherwise. */
    private String named(String tensor) {
        if (!gptoss || file.tensors().containsKey(tensor)) {
            return tensor;
        }
        return tensor.replace(".attn_output.", ".attn_out.").replace(".attn_sinks.weight", ".attn_sinks")
                .replace(".post_attention_norm.", ".ffn_norm.");
    }

    /** {@code name.weight} of {@code in × out} with {@code name.bias} and {@code name.scale} where the file has them. */
    Linear linear(String name, int in, int out) {
        return linear(name, name + ".weight", in, out);
    }

    /** The same, where {@code name.scale} is no factor of the map. */
    Linear unscaled(String name, int in, int out) {
        TensorView t = checked(name + ".weight", in, out);
        return new Linear(matrix(t), optional(name + ".bias", out), 1f, site(name + ".weight", 0, 1, 0, out, t, false));
    }

    /** As {@link #linear(String, int, int)} with the weights of another tensor. */
    Linear linear(String name, String weights, int in, int out) {
        TensorView t = checked(weights, in, out);
        // An output that is the embedding too is adapted as the output.
        String base = (weights.startsWith(name) ? t.name() : name + ".weight");
        return new Linear(matrix(t), optional(name + ".bias", out), scale(name), site(base, 0, 1, 0, out, t, false));
    }

    /**
     * One tensor that holds several matrices of one input one after the other (a fused q, k, v or gate, up), taken apart by rows.
     */
    Linear[] fused(String name, int in, int... outs) {
        TensorView all = checked(name + ".weight", in, Arrays.stream(outs).sum());
        float[] bias = optional(name + ".bias", Arrays.stream(outs).sum());
        float scale = scale(name);
        Linear[] parts = new Linear[outs.length];
        int row = 0;
        for (int i = 0; i < outs.length; i++) {
            float[] partBias = bias == null ? null : Arrays.copyOfRange(bias, row, row + outs[i]);
            parts[i] = new Linear(matrix(rows(all, row, outs[i])), partBias, scale,
                    site(all.name(), 0, 1, row, outs[i], all, false));
            row += outs[i];
        }
        return parts;
    }

    private static TensorView rows(TensorView t, long from, long count) {
        return new TensorView(t.name() + "[" + from + ".." + (from + count) + "]", t.type(), new Shape(t.shape().dim(0), count),
                t.data().asSlice(from * t.rowBytes(), count * t.rowBytes()));
    }

    /** {@code name.weight} of {@code in × out × count} as so many maps, with biases and scales if given. */
    Linear[] linears(String name, int in, int out, int count) {
        TensorView all = checked(name + ".weight", in, out, count);
        float[] bias = optional(name + ".bias", out, count);
        float[] scale = optional(name + ".scale", count);
        Linear[] maps = new Linear[count];
        for (int i = 0; i < count; i++) {
            maps[i] = new Linear(matrix(count == 1 ? all : all.slice(i)),
                    bias == null ? null : Arrays.copyOfRange(bias, i * out, (i + 1) * out), scale == null ? 1f : scale[i],
                    site(all.name(), i, count, 0, out, all, false));
        }
        return maps;
    }

    /** {@code name.weight} of {@code in × out × count}: one map for each expert or head, with biases and scales if given. */
    Linear.Stack stack(String name, int in, int out, int count) {
        return fusedStack(name, in, count, out)[0];
    }

    /** As {@link #stack}, each of whose matrices is several one after the other. */
    Linear.Stack[] fusedStack(String name, int in, int count, int... outs) {
        int rows = Arrays.stream(outs).sum();
        TensorView all = checked(name + ".weight", in, rows, count);
        float[] bias = optional(name + ".bias", rows, count);
        float[] scale = optional(name + ".scale", count);
        Linear[][] parts = new Linear[outs.length][count];
        for (int i = 0; i < count; i++) {
            int row = 0;
            for (int part = 0; part < outs.length; part++) {
                int from = i * rows + row;
                parts[part][i] = new Linear(matrix(rows(all.slice(i), row, outs[part])),
                        bias == null ? null : Arrays.copyOfRange(bias, from, from + outs[part]), scale == null ? 1f : scale[i],
                        site(all.name(), i, count, row, outs[part], all, false));
                row += outs[part];
            }
        }
        return Arrays.stream(parts).map(Linear.Stack::new).toArray(Linear.Stack[]::new);
    }

    /**
     * Latent attention's expansions from one tensor of {@code in × heads * (key + value)}: for each head the key's, transposed, and
     * the value's.
     */
    Linear.Stack[] keyAndValueExpansions(String name, int in, int key, int value, int heads) {
        TensorView all = checked(name + ".weight", in, (long) heads * (key + value));
        float scale = scale(name);
        Linear[][] out = new Linear[2][heads];
        for (int h = 0; h < heads; h++) {
            long row = (long) h * (key + value);
            out[0][h] = new Linear(matrix(transposed(rows(all, row, key))), null, scale,
                    site(all.name(), 0, 1, (int) row, key, all, true));
            out[1][h] = new Linear(matrix(rows(all, row + key, value)), null, scale,
                    site(all.name(), 0, 1, (int) row + key, value, all, false));
        }
        return new Linear.Stack[]{new Linear.Stack(out[0]), new Linear.Stack(out[1])};
    }

    /** Notes where rows of a tensor's matrix go; gives the map's number. */
    private int site(String tensor, int slice, int slices, int rowFrom, int rows, TensorView all, boolean transposed) {
        int map = sites.size();
        sites.add(new AdapterSite(tensor.substring(0, tensor.length() - ".weight".length()), map, slice, slices, rowFrom, rows,
                Math.toIntExact(all.shape().dim(0)), Math.toIntExact(all.shape().dim(1)), transposed));
        return map;
    }

    /** A tensor that the file may have and that does not count. */
    void ignore(String tensor) {
        ignored.add(tensor);
    }

    /** The tensors that do not count. */
    Set<String> ignored() {
        return Set.copyOf(ignored);
    }

    /** Where the file's matrices went. */
    List<AdapterSite> sites() {
        return List.copyOf(sites);
    }

    TensorView transposed(TensorView t) {
        int cols = Math.toIntExact(t.shape().dim(0));
        int rows = Math.toIntExact(t.shape().dim(1));
        float[] x = new float[Math.multiplyExact(rows, cols)];
        Dequantizer.dequantize(t.type(), t.data(), 0, x, 0, x.length);
        MemorySegment out = arena.allocate(4L * x.length, 64);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                out.set(F32, 4L * ((long) c * rows + r), x[r * cols + c]);
            }
        }
        return new TensorView(t.name() + " transposed", GgmlType.F32, new Shape(rows, cols), out);
    }

    /** A tensor of exactly these extents as floats. */
    float[] values(String name, long... dims) {
        return floats(checked(name, dims));
    }

    float @Nullable [] optional(String name, long... dims) {
        return has(name) ? values(name, dims) : null;
    }

    /** A tensor's extents must be these; extents of 1 at the end do not count. */
    TensorView checked(String name, long... dims) {
        TensorView t = file.tensor(named(name));
        read.add(t.name());
        for (int i = 0; i < Math.max(dims.length, t.shape().rank()); i++) {
            long want = i < dims.length ? dims[i] : 1;
            if (t.shape().dim(i) != want) {
                throw new GgufException("tensor " + name + " must have shape " + Arrays.toString(dims) + ", not " + t.shape(),
                        -1);
            }
        }
        return t;
    }

    /**
     * Refuses a file with a tensor that no part of the model has read: what is left out (a bias, a norm, a second MLP) would make every
     * answer wrong without a word.
     *
     * @param mayBe what may be left unread
     */
    void requireAllRead(Predicate<String> mayBe) {
        for (String name : file.tensors().keySet()) {
            if (!read.contains(name) && !ignored.contains(name) && !mayBe.test(name)) {
                throw new GgufException("tensor " + name + " has no place in a model of architecture " + file.architecture()
                        + ", or not with the keys of this file", -1);
            }
        }
    }

    /** The shape of a tensor that must exist. */
    Shape shape(String name) {
        return file.tensor(named(name)).shape();
    }

    /** A tensor whose rows are looked up one by one, read where it lies; its quantized rows are dequantized exactly. */
    TensorView table(String name, long cols, long rows) {
        TensorView t = checked(name, cols, rows);
        bytes += t.data().byteSize();
        return t;
    }

    private float scale(String name) {
        return has(name + ".scale") ? values(name + ".scale", 1)[0] : 1f;
    }

    private WeightMatrix matrix(TensorView t) {
        WeightMatrix w = prepared(t);
        bytes += w.ownedBytes() > 0 ? w.ownedBytes() : t.data().byteSize();
        return w;
    }

    WeightMatrix prepared(TensorView t) {
        try {
            WeightMatrix w = compute.prepare(t, arena);
            if (w.ownedBytes() > 0) {
                file.release(t);
            }
            return w;
        } catch (RealmException e) {
            throw new RealmException(e.code(), "tensor " + t.name() + ": " + e.getMessage(), e);
        }
    }

    private float[] floats(TensorView t) {
        int cols = Math.toIntExact(t.shape().dim(0));
        int rows = Math.toIntExact(t.shape().rows());
        float[] out = new float[Math.multiplyExact(rows, cols)];
        bytes += 4L * out.length;
        Dequantizer.dequantize(t.type(), t.data(), 0, out, 0, out.length);
        return out;
    }
}
