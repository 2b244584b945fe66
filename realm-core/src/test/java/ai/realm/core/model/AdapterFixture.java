package ai.realm.core.model;

import ai.realm.core.gguf.GgufBuilder;
import ai.realm.core.gguf.GgufFile;
import java.util.SplittableRandom;

/** LoRA adapters for tests. */
public final class AdapterFixture {
    private AdapterFixture() {
    }

    /** One that changes nothing and says that it takes so many bytes. */
    public static Adapter ofBytes(long bytes) {
        return new Adapter(new Object(), new Adapter.Delta[0], 1, bytes);
    }

    /** One for all maps of the layers of a model, with random numbers; {@code size} is about what it adds to a map's outputs. */
    public static GgufBuilder random(GgufFile model, int rank, long seed, float size) {
        GgufBuilder out = new GgufBuilder().string("general.type", "adapter").string("adapter.type", "lora")
                .string("general.architecture", model.architecture()).f32("adapter.lora.alpha", rank);
        SplittableRandom random = new SplittableRandom(seed);
        model.tensors().values().stream().filter(t -> t.name().startsWith("blk.") && t.shape().rank() == 2).forEach(t -> {
            int in = (int) t.shape().dim(0);
            int outs = (int) t.shape().dim(1);
            out.tensor(t.name() + ".lora_a", numbers(random, in * rank, Math.sqrt(3.0 / in)), in, rank);
            out.tensor(t.name() + ".lora_b", numbers(random, rank * outs, size * Math.sqrt(3.0 / rank)), rank, outs);
        });
        return out;
    }

    private static float[] numbers(SplittableRandom random, int n, double size) {
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = (float) ((2 * random.nextDouble() - 1) * size);
        }
        return out;
    }
}
