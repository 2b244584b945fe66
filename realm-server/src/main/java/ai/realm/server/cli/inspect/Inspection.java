package ai.realm.server.cli.inspect;

import ai.realm.core.error.RealmException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.KvType;
import ai.realm.core.model.Encoder;
import ai.realm.core.model.Encoders;
import ai.realm.core.model.KvShape;
import ai.realm.core.model.Model;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.model.Models;
import ai.realm.core.tensor.TensorView;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one model file needs and whether it runs, found by opening it with the kernels that read the file's map itself. Every key,
 * shape and type is checked as for serving, at the cost of reading one row of each matrix.
 *
 * @param types tensors and bytes of each type
 * @param problem why the file cannot be run, or null
 * @param config null when it cannot be run; the same for what follows
 * @param kvBytesPer1k bytes of keys and values of 1000 positions by the type they are held in
 * @param stateBytes bytes of recurrent state of one sequence
 */
record Inspection(Map<String, TypeUse> types, long weightBytes, @Nullable String problem, @Nullable ModelConfig config,
        Map<String, Long> kvBytesPer1k, long stateBytes, @Nullable String tokenizer) {

    /** How much of a file is of one type. */
    record TypeUse(int tensors, long bytes) {
        private TypeUse plus(TensorView t) {
            return new TypeUse(tensors + 1, bytes + t.data().byteSize());
        }
    }

    static Inspection of(GgufFile file) {
        Map<String, TypeUse> types = new TreeMap<>();
        long bytes = 0;
        for (TensorView t : file.tensors().values()) {
            types.merge(t.type().name(), new TypeUse(1, t.data().byteSize()), (a, _) -> a.plus(t));
            bytes += t.data().byteSize();
        }
        String tokenizer = null;
        try {
            Models.requireModel(file);
            tokenizer = Tokenizers.fromGguf(file).map(Inspection::describe).orElse("none: takes token ids only");
            Compute.Options plain = Compute.Options.defaults().withThreads(1).withActivationMode(ActivationMode.F32)
                    .withKernels("scalar");
            try (Compute compute = Compute.open(plain)) {
                if (Encoders.takes(file)) {
                    try (Encoder encoder = Encoders.load(file, compute, 1)) {
                        return new Inspection(types, bytes, null, encoder.config(), Map.of(), 0, tokenizer);
                    }
                }
                try (Model model = Models.load(file, compute, new Models.Options(1, 0))) {
                    KvShape kv = model.kvShape();
                    return new Inspection(types, bytes, null, model.config(), kvBytes(kv), stateBytes(kv), tokenizer);
                }
            }
        } catch (RealmException e) {
            return new Inspection(types, bytes, e.getMessage(), null, Map.of(), 0, tokenizer);
        }
    }

    private static String describe(Tokenizer tokenizer) {
        return tokenizer.vocab().size() + " tokens, BOS " + tokenizer.vocab().bosId()
                + (tokenizer.vocab().addsBos() ? " added" : "")
                + ", ends generation: " + tokenizer.vocab().endOfGenerationIds();
    }

    private static Map<String, Long> kvBytes(KvShape kv) {
        Map<String, Long> out = new LinkedHashMap<>();
        for (KvType type : KvType.values()) {
            long bytes = 0;
            boolean fits = true;
            for (int i = 0; i < kv.layers(); i++) {
                if (kv.heads()[i] > 0) {
                    fits &= type != KvType.Q8_0 || kv.keyDim()[i] % 32 == 0 && kv.valueDim()[i] % 32 == 0;
                    bytes += fits ? 1000L * kv.heads()[i] * (type.rowBytes(kv.keyDim()[i]) + type.rowBytes(kv.valueDim()[i])) : 0;
                }
            }
            if (fits) {
                out.put(type.name(), bytes);
            }
        }
        return out;
    }

    private static long stateBytes(KvShape kv) {
        long floats = 0;
        for (int n : kv.stateFloats()) {
            floats += n;
        }
        return floats * Float.BYTES;
    }
}
