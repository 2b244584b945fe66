package ai.realm.core.model;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a LoRA adapter as llama.cpp's {@code convert_lora_to_gguf.py} writes it: {@code NAME.weight.lora_a} of {@code in × rank} and
 * {@code NAME.weight.lora_b} of {@code rank × out} for the model's tensor {@code NAME.weight} of {@code in × out}, both once more for
 * each expert. Everything is checked against the model before memory is taken.
 */
final class AdapterReader {
    static final int MOST_RANK = 512;

    private static final String WEIGHT = ".weight";
    private static final String A = WEIGHT + ".lora_a";
    private static final String B = WEIGHT + ".lora_b";

    private final GgufFile file;
    private final Map<String, List<AdapterSite>> sites = new HashMap<>();
    private final int maps;
    private final LowRankPanel kind;
    private final Set<String> ignored;

    /** The two tensors for one of the model's. */
    private record Pair(TensorView a, TensorView b, int rank, List<AdapterSite> places) {
        int slices() {
            return places.getFirst().slices();
        }

        int in() {
            return places.getFirst().in();
        }

        int out() {
            return places.getFirst().out();
        }

        long bytes() {
            long columns = 0;
            for (int slice = 0; slice < slices(); slice++) {
                columns = Math.addExact(columns, bytes(LowRankPanel.HALVES, slice));
            }
            return Math.multiplyExact(LowRankPanel.count(rank), columns);
        }

        /** Of one panel of each matrix that a slice needs. */
        long bytes(LowRankPanel kind, int slice) {
            long bytes = kind.bytes(in());
            for (AdapterSite s : places) {
                bytes += s.slice() == slice ? kind.bytes(s.rows()) : 0;
            }
            return bytes;
        }
    }

    /**
     * @param sites all maps of the model, numbered from 0
     * @param ignored tensors of the model that do not count, for which an adapter's matrices do not either
     * @param kind how numbers are to lie in memory; pairs that 8 bits would change too much are kept in fp16
     */
    AdapterReader(GgufFile file, List<AdapterSite> sites, Set<String> ignored, LowRankPanel kind) {
        this.file = file;
        this.ignored = ignored;
        this.kind = kind;
        this.maps = sites.stream().mapToInt(AdapterSite::map).max().orElse(-1) + 1;
        sites.forEach(s -> this.sites.computeIfAbsent(s.tensor(), _ -> new ArrayList<>()).add(s));
    }

    /**
     * Reads it.
     *
     * @param model what the adapter will be for
     * @param mostBytes of memory that it may take
     */
    Adapter read(Object model, String architecture, long mostBytes) {
        List<Pair> pairs = checked(architecture);
        float alpha = alpha();
        long bytes = bytes(pairs);
        if (bytes > mostBytes) {
            throw new GgufException("the adapter takes " + bytes + " bytes and may take " + mostBytes, -1);
        }
        Adapter.Delta[] deltas = new Adapter.Delta[maps];
        long taken = 0;
        for (Pair pair : pairs) {
            for (int slice = 0; slice < pair.slices(); slice++) {
                taken += fill(pair, slice, alpha == 0 ? 1f : alpha / pair.rank, deltas);
            }
        }
        return new Adapter(model, deltas, pairs.stream().mapToInt(Pair::rank).max().orElse(0), taken);
    }

    /** What it will take in memory at most, all checked but its numbers. */
    long bytes(String architecture) {
        return bytes(checked(architecture));
    }

    private static long bytes(List<Pair> pairs) {
        return pairs.stream().mapToLong(Pair::bytes).reduce(0, Math::addExact);
    }

    private List<Pair> checked(String architecture) {
        checkKind(architecture);
        alpha();
        return pairs();
    }

    /** 0 when the file has none. */
    private float alpha() {
        float alpha = (float) (file.has("adapter.lora.alpha") ? file.number("adapter.lora.alpha") : 0);
        if (!Float.isFinite(alpha)) {
            throw new GgufException("key adapter.lora.alpha must be a number, not " + alpha, -1);
        }
        return alpha;
    }

    private void checkKind(String architecture) {
        String type = file.stringOr("adapter.type", "");
        if (!"lora".equals(type)) {
            throw new GgufException("key adapter.type must be lora, not " + (type == null || type.isEmpty() ? "absent" : type)
                    + ": this file is no LoRA adapter", -1);
        }
        if (!file.architecture().equals(architecture)) {
            throw new GgufException("the adapter is for models of architecture " + file.architecture() + ", not " + architecture,
                    -1);
        }
        if (file.has("adapter.alora.invocation_tokens")) {
            throw new GgufException("key adapter.alora.invocation_tokens: adapters that begin to count in the middle of a prompt"
                    + " (aLoRA) are not supported", -1);
        }
    }

    private List<Pair> pairs() {
        Map<String, List<AdapterSite>> named = new LinkedHashMap<>();
        for (String tensor : file.tensors().keySet()) {
            boolean a = tensor.endsWith(A);
            if (!a && !tensor.endsWith(B)) {
                throw new GgufException("tensor " + tensor + " is none of an adapter, whose names end in .lora_a or .lora_b", -1);
            }
            String base = tensor.substring(0, tensor.length() - A.length());
            if (!file.tensors().containsKey(base + (a ? B : A))) {
                throw new GgufException("tensor " + tensor + " comes without " + base + (a ? B : A), -1);
            }
            if (!ignored.contains(base + WEIGHT)) {
                named.put(base, sitesOf(base));
            }
        }
        if (named.isEmpty()) {
            throw new GgufException("the adapter has no tensors", -1);
        }
        List<Pair> pairs = new ArrayList<>();
        named.forEach((base, places) -> pairs.add(pair(base, places)));
        return pairs;
    }

    private List<AdapterSite> sitesOf(String base) {
        List<AdapterSite> found = sites.get(base);
        if (found == null) {
            throw new GgufException("the model has no linear map " + base + WEIGHT
                    + ", for which the adapter has matrices: it is for another model", -1);
        }
        return found;
    }

    private Pair pair(String base, List<AdapterSite> places) {
        AdapterSite any = places.getFirst();
        TensorView a = file.tensor(base + A);
        TensorView b = file.tensor(base + B);
        long rank = a.shape().dim(1);
        if (rank < 1 || rank > MOST_RANK) {
            throw new GgufException("tensor " + a.name() + " must have a rank of 1 to " + MOST_RANK + ", not " + rank, -1);
        }
        check(a, any.in(), rank, any.slices());
        check(b, rank, any.out(), any.slices());
        return new Pair(a, b, (int) rank, places);
    }

    private static void check(TensorView t, long... dims) {
        for (int i = 0; i < Math.max(dims.length, t.shape().rank()); i++) {
            long want = i < dims.length ? dims[i] : 1;
            if (t.shape().dim(i) != want) {
                throw new GgufException("tensor " + t.name() + " must have shape " + dims[0] + " x " + dims[1]
                        + (dims[2] == 1 ? "" : " x " + dims[2]) + " to fit the model, not " + t.shape(), -1);
            }
        }
    }

    /** Brings one pair of matrices into memory, gives each map its part of them, and how many bytes were taken. */
    private long fill(Pair pair, int slice, float scale, Adapter.@Nullable Delta[] deltas) {
        int panels = LowRankPanel.count(pair.rank);
        AdapterRows down = AdapterRows.of(rows(pair.slices() == 1 ? pair.a : pair.a.slice(slice), pair.rank, pair.in()),
                pair.in(), pair.a.name());
        AdapterRows up = AdapterRows.of(transposed(pair.slices() == 1 ? pair.b : pair.b.slice(slice), pair.rank, pair.out()),
                pair.out(), pair.b.name());
        LowRankPanel used = kind == LowRankPanel.BYTES && down.fitBytes() && up.fitBytes() ? kind : LowRankPanel.HALVES;
        float[] factors = new float[pair.rank];
        for (int r = 0; r < factors.length; r++) {
            factors[r] = scale * down.factor(used, r) * up.factor(used, r);
        }
        MemorySegment memory = Arena.ofAuto().allocate(panels * pair.bytes(used, slice), LowRankPanel.HEADER);
        long end = down.store(used, memory, 0, 0, pair.in(), factors);
        for (AdapterSite s : pair.places) {
            if (s.slice() == slice) {
                long part = end;
                end = up.store(used, memory, part, s.rowFrom(), s.rows(), factors);
                deltas[s.map()] = s.transposed()
                        ? new Adapter.Delta(used, memory, panels, part, s.rows(), 0, s.in())
                        : new Adapter.Delta(used, memory, panels, 0, s.in(), part, s.rows());
            }
        }
        return memory.byteSize();
    }

    private static float[] rows(TensorView a, int rank, int in) {
        float[] numbers = new float[Math.multiplyExact(rank, in)];
        for (int r = 0; r < rank; r++) {
            Dequantizer.dequantize(a.type(), a.data(), r * a.rowBytes(), numbers, r * in, in);
        }
        return numbers;
    }

    private static float[] transposed(TensorView b, int rank, int out) {
        float[] numbers = new float[Math.multiplyExact(rank, out)];
        float[] row = new float[rank];
        for (int o = 0; o < out; o++) {
            Dequantizer.dequantize(b.type(), b.data(), o * b.rowBytes(), row, 0, rank);
            for (int r = 0; r < rank; r++) {
                numbers[r * out + o] = row[r];
            }
        }
        return numbers;
    }
}
