package ai.realm.core.kernel.machine;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;

/** What the emitted kernels consist of, for people: their names, and the instructions of one. Works on every machine, also where none can run. */
public final class MachineListing {
    private MachineListing() {
    }

    /** {@code quantize}, for each layout and number of tokens {@code product-q4_0-6} and the like, and so on. */
    public static List<String> names() {
        return List.copyOf(KernelCatalogue.all().keySet());
    }

    /**
     * The instructions of a kernel in Intel's syntax, a line each, as GNU {@code as} takes them (after {@code .intel_syntax noprefix}), and at the
     * end, as a comment, the bytes.
     *
     * @throws IllegalArgumentException when there is no such kernel
     */
    public static List<String> of(String name) {
        Assembler code = code(name);
        List<String> lines = new ArrayList<>(code.listing());
        byte[] bytes = code.toByteArray();
        lines.add("# " + bytes.length + " bytes");
        for (int at = 0; at < bytes.length; at += 32) {
            lines.add("# " + HexFormat.ofDelimiter(" ").formatHex(bytes, at, Math.min(bytes.length, at + 32)));
        }
        return lines;
    }

    private static Assembler code(String name) {
        Supplier<Assembler> kernel = KernelCatalogue.all().get(name);
        if (kernel == null) {
            throw new IllegalArgumentException(
                    "there is no emitted kernel " + name + "; there are " + String.join(", ", names()));
        }
        return kernel.get();
    }
}
