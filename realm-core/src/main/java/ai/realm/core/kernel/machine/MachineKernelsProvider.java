package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsProvider;
import ai.realm.core.tensor.GgmlType;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Provides emitted code where the processor has AVX-512 with VNNI and the system lets a process execute what it wrote. */
public final class MachineKernelsProvider implements KernelsProvider {
    /** Emitted once for the process. */
    private static final class Holder {
        static final @Nullable MachineCode CODE;
        static final String WHY;
        static final String ISA;
        /** What is wrong with the instructions that were asked for. */
        static final @Nullable RuntimeException WRONG;

        static {
            MachineCode code = null;
            String why = "";
            String isa = "avx512vnni";
            RuntimeException wrong = null;
            try {
                Cpu cpu = Cpu.detect();
                if (cpu.vnni()) {
                    boolean tiles = Isa.choose(cpu.amx()) == Isa.AMX;
                    isa = tiles ? "amx" : isa;
                    code = new MachineCode(tiles);
                } else {
                    why = cpu.avx512() ? "the processor has no VNNI" : "the processor (or the system) has no AVX-512";
                }
            } catch (CodeMemory.RefusedException e) {
                why = String.valueOf(e.getMessage());
            } catch (IllegalArgumentException e) {
                wrong = e;
            }
            WRONG = wrong;
            CODE = code;
            WHY = why;
            ISA = isa;
        }
    }

    @Override
    public String name() {
        return "machine";
    }

    @Override
    public int priority() {
        return 20;
    }

    @Override
    public Optional<String> unavailable() {
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (!machine.equals("amd64") && !machine.equals("x86_64") || System.getProperty("os.name").startsWith("Windows")) {
            return Optional.of("it is for x86-64 with Linux or macOS");
        }
        if (Holder.WRONG != null) {
            throw new IllegalArgumentException(Holder.WRONG.getMessage(), Holder.WRONG);
        }
        return Holder.CODE == null ? Optional.of(Holder.WHY) : Optional.empty();
    }

    /**
     * With activations that stay floats the products are those of the Vector API if the JVM has it, which keeps weights in a layout for that; else they
     * are slow, as weights are dequantized for each product.
     */
    @Override
    public Kernels create(ActivationMode mode, Supplier<Kernels> next) {
        MachineCode code = Holder.CODE;
        if (code == null) {
            throw new IllegalStateException(Holder.WHY);
        }
        Rest rest = new Rest(next);
        boolean int8 = mode == ActivationMode.INT8;
        boolean packedFloats = !int8 && ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        Set<GgmlType> ready = EnumSet.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16);
        ready.addAll(WeightLayout.types());
        return new Kernels(int8 ? "machine-" + Holder.ISA : "machine-avx512", mode,
                packedFloats ? rest.products() : new MachineProducts(code, rest, int8), new MachineAttention(code, rest),
                new MachineRows(code, rest), int8 ? ready : Set.of());
    }
}
