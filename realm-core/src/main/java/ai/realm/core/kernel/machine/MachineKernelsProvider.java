package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.KernelsProvider;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Provides products by emitted code where the processor has AVX-512 with VNNI and the system lets a process execute what it wrote. */
public final class MachineKernelsProvider implements KernelsProvider {
    /** Emitted once for the process. */
    private static final class Holder {
        static final @Nullable MachineCode CODE;
        static final String WHY;

        static {
            MachineCode code = null;
            String why = "";
            try {
                Cpu cpu = Cpu.detect();
                if (cpu.vnni()) {
                    code = new MachineCode();
                } else {
                    why = cpu.avx512() ? "the processor has no VNNI" : "the processor (or the system) has no AVX-512";
                }
            } catch (CodeMemory.RefusedException e) {
                why = String.valueOf(e.getMessage());
            }
            CODE = code;
            WHY = why;
        }
    }

    @Override
    public String name() {
        return "machine";
    }

    /**
     * Below the Vector API, so only chosen when it is asked for: its products are faster, but they leave the Vector API's other kernels so little
     * to do that the JVM compiles these late, and in some runs with vectors that stay objects.
     */
    @Override
    public int priority() {
        return 5;
    }

    @Override
    public Optional<String> unavailable() {
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (!machine.equals("amd64") && !machine.equals("x86_64") || System.getProperty("os.name").startsWith("Windows")) {
            return Optional.of("it is for x86-64 with Linux or macOS");
        }
        return Holder.CODE == null ? Optional.of(Holder.WHY) : Optional.empty();
    }

    /** With activations that stay floats nothing is left that it does. */
    @Override
    public Kernels create(ActivationMode mode, Supplier<Kernels> next) {
        MachineCode code = Holder.CODE;
        if (code == null) {
            throw new IllegalStateException(Holder.WHY);
        }
        Kernels rest = next.get();
        return mode == ActivationMode.INT8
                ? new Kernels("machine-avx512vnni+" + rest.name(), mode, new MachineProducts(code, rest.products()),
                        rest.attention(), rest.rows())
                : rest;
    }
}
