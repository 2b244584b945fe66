package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.Activation;
import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.RowKernels;
import ai.realm.core.kernel.machine.RowCode.Elementwise;
import ai.realm.core.kernel.scalar.ScalarKernelsProvider;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Every emitted function of rows against the scalar definition at random sizes, with pages that may not be touched around all rows. */
class RowCodeTest {
    private static final boolean RUNS = new MachineKernelsProvider().unavailable().isEmpty();
    private static final int ROUNDS = 150;
    private static final RowKernels DEFINITION = new ScalarKernelsProvider().create(ActivationMode.F32, () -> {
        throw new IllegalStateException("scalar kernels leave nothing to others");
    }).rows();

    private final Random random = new Random(5);

    private static void whereItRuns(Executable test) throws Throwable {
        if (RUNS) {
            test.execute();
        }
    }

    private float[] numbers(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian() * 3;
        }
        return x;
    }

    private MemorySegment guarded(float[] x) {
        long bytes = 4L * x.length;
        MemorySegment memory = random.nextBoolean() ? GuardedMemory.beforeGuard(bytes) : GuardedMemory.behindGuard(bytes);
        return memory.copyFrom(MemorySegment.ofArray(x));
    }

    private static float[] floats(MemorySegment memory) {
        return memory.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private static void close(float[] got, float[] want, Object what) {
        for (int i = 0; i < want.length; i++) {
            assertThat(Math.abs(got[i] - want[i]))
                    .as("%s, number %d of %d: %s instead of %s", what, i, want.length, got[i], want[i])
                    .isLessThanOrEqualTo(3e-6f * (1 + Math.abs(want[i])));
        }
    }

    private int size() {
        return 1 + random.nextInt(random.nextBoolean() ? 70 : 1500);
    }

    @Test
    void elementwise_anySize_equalsDefinition() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            for (int i = 0; i < ROUNDS; i++) {
                float[] x = numbers(size());
                float[] y = numbers(x.length);
                Elementwise what = Elementwise.values()[i % Elementwise.values().length];
                MemorySegment to = guarded(x);
                MachineCode.rows(code.function(KernelCatalogue.elementwise(what)), to, 0, guarded(y), 0,
                        MachineRows.length(x.length), Float.floatToRawIntBits(1.5f));
                switch (what) {
                    case ADD -> DEFINITION.add(x, 0, y, 0, x.length);
                    case ADD_SCALED -> DEFINITION.addScaled(x, 0, 1.5f, y, 0, x.length);
                    case MULTIPLY -> DEFINITION.multiply(x, 0, y, 0, x.length);
                    case SCALE -> DEFINITION.scale(x, 0, 1.5f, x.length);
                }
                close(floats(to), x, what);
            }
        });
    }

    @Test
    void dotNormAndSoftmax_anySize_equalDefinition() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            for (int i = 0; i < ROUNDS; i++) {
                float[] x = numbers(size());
                float[] y = numbers(x.length);
                int n = x.length;
                float dot = MachineCode.dot(code.function(KernelCatalogue.DOT), guarded(x), 0, guarded(y), 0,
                        MachineRows.length(n));
                assertThat(dot).isCloseTo(DEFINITION.dot(x, 0, y, 0, n),
                        org.assertj.core.data.Offset.offset(2e-4f * n / 30 + 1e-5f));
                MemorySegment normed = guarded(new float[n]);
                MachineCode.threeRows(code.function(KernelCatalogue.RMS_NORM), guarded(x), 0, normed, 0, guarded(y),
                        MachineRows.length(n), Float.floatToRawIntBits(1e-5f) | (long) Float.floatToRawIntBits(1f / n) << 32);
                float[] want = new float[n];
                DEFINITION.rmsNorm(x, 0, y, 1e-5f, want, 0, n);
                close(floats(normed), want, "norm");
                MemorySegment weights = guarded(x);
                MachineCode.rows(code.function(KernelCatalogue.SOFTMAX), weights, 0, weights, 0, MachineRows.length(n), 0);
                DEFINITION.softmax(x, 0, n);
                close(floats(weights), x, "softmax");
            }
        });
    }

    @Test
    void layerNorm_anySize_equalsDefinition() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            for (int i = 0; i < ROUNDS; i++) {
                float[] x = numbers(size());
                float[] weight = numbers(x.length);
                float[] bias = numbers(x.length);
                int n = x.length;
                MemorySegment normed = guarded(new float[n]);
                MachineCode.layerNorm(code.function(KernelCatalogue.LAYER_NORM), guarded(x), 0, normed, 0, guarded(weight),
                        guarded(bias), MachineRows.length(n),
                        Float.floatToRawIntBits(1e-2f) | (long) Float.floatToRawIntBits(1f / n) << 32);
                float[] want = new float[n];
                DEFINITION.layerNorm(x, 0, weight, bias, 1e-2f, want, 0, n);
                close(floats(normed), want, "layer norm");
            }
        });
    }

    @Test
    void activations_anySize_equalDefinition() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            for (int i = 0; i < ROUNDS; i++) {
                Activation activation = Activation.values()[i % Activation.values().length];
                float[] x = numbers(size());
                float[] up = numbers(x.length);
                MemorySegment plain = guarded(x);
                MachineCode.rows(code.function(KernelCatalogue.activate(activation, false)), plain, 0, plain, 0,
                        MachineRows.length(x.length), 0);
                MemorySegment gated = guarded(x);
                MachineCode.rows(code.function(KernelCatalogue.activate(activation, true)), gated, 0, guarded(up), 0,
                        MachineRows.length(x.length), 0);
                float[] want = x.clone();
                DEFINITION.activate(activation, want, 0, x.length);
                close(floats(plain), want, activation);
                DEFINITION.gate(activation, x, 0, up, 0, x.length);
                close(floats(gated), x, activation);
            }
        });
    }

    @Test
    void activations_ofWhatIsNoNumber_areNoNumbers() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            for (Activation activation : Activation.values()) {
                MemorySegment x = guarded(new float[]{Float.NaN, 1});
                MachineCode.rows(code.function(KernelCatalogue.activate(activation, false)), x, 0, x, 0,
                        MachineRows.length(2), 0);
                assertThat(floats(x)[0]).as("%s", activation).isNaN();
                assertThat(floats(x)[1]).isFinite();
            }
        });
    }

    @Test
    void rotate_anySize_equalsDefinition() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            for (int i = 0; i < ROUNDS; i++) {
                boolean neighbours = random.nextBoolean();
                int vectors = 1 + random.nextInt(8);
                int pairs = vectors * (neighbours ? 8 : 16);
                int heads = 1 + random.nextInt(12);
                int stride = 2 * pairs + random.nextInt(5);
                float[] x = numbers((heads - 1) * stride + 2 * pairs);
                float[] cos = numbers(pairs);
                float[] sin = numbers(pairs);
                MemorySegment got = guarded(x);
                MachineCode.threeRows(code.function(KernelCatalogue.rotate(neighbours)), got, 0, guarded(cos), 0, guarded(sin),
                        heads | (long) vectors << 32, 4L * stride);
                DEFINITION.rotate(neighbours, x, 0, stride, heads, cos, sin, 0, pairs);
                float[] have = floats(got);
                for (int k = 0; k < x.length; k++) {
                    assertThat(Math.abs(have[k] - x[k])).as("number %d", k).isLessThan(2e-5f);
                }
            }
        });
    }

    @Test
    void storeKv_anySize_hasTheBytesOfTheDefinition() throws Throwable {
        whereItRuns(() -> {
            MachineCode code = new MachineCode(false);
            var definition = new ScalarKernelsProvider().create(ActivationMode.F32, () -> {
                throw new IllegalStateException("scalar kernels leave nothing to others");
            }).attention();
            for (int i = 0; i < ROUNDS; i++) {
                KvType type = random.nextBoolean() ? KvType.F16 : KvType.Q8_0;
                int units = 1 + random.nextInt(9);
                int n = units * (type == KvType.F16 ? 16 : 32);
                float[] x = numbers(n);
                if (i % 5 == 0) {
                    Arrays.fill(x, 0, n / units, 0);
                }
                int bytes = type.rowBytes(n);
                MemorySegment got = random.nextBoolean() ? GuardedMemory.beforeGuard(bytes) : GuardedMemory.behindGuard(bytes);
                MachineCode.fromRow(
                        code.function(type == KvType.F16 ? KernelCatalogue.STORE_HALVES : KernelCatalogue.STORE_BLOCKS),
                        guarded(x), 0, got.address(), 0, units, 0);
                MemorySegment want = MemorySegment.ofArray(new byte[bytes]);
                definition.storeKv(x, 0, n, type, want, 0);
                assertThat(got.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(want.toArray(ValueLayout.JAVA_BYTE));
            }
        });
    }
}
