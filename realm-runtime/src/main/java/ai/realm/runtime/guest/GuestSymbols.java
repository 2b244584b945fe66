package ai.realm.runtime.guest;

import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.AnnotatedInstruction;
import com.dylibso.chicory.wasm.types.NameCustomSection;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a module says of its functions: the names of its name section, and where their code begins in the module's bytes. Kept as
 * bytes, and read when a guest traps.
 */
@SuppressWarnings("ArrayRecordComponent")
record GuestSymbols(int imported, int[] offsets, byte[] names) {
    static final GuestSymbols NONE = new GuestSymbols(0, new int[0], new byte[0]);
    private static final int MAX_NAME = 48;
    private static final int MAX_NAME_BYTES = 1 << 20;

    /** @param names the content of the name section; longer ones than a mebibyte are not kept */
    static GuestSymbols of(WasmModule parsed, int imported, byte[] names) {
        int[] offsets = new int[parsed.codeSection().functionBodyCount()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = begin(parsed.codeSection().getFunctionBody(i).instructions());
        }
        return new GuestSymbols(imported, offsets, names.length > MAX_NAME_BYTES ? new byte[0] : names);
    }

    static int begin(List<AnnotatedInstruction> instructions) {
        return instructions.isEmpty() ? 0 : instructions.getFirst().address();
    }

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(8 + 4 * offsets.length + names.length);
        out.putInt(imported).putInt(offsets.length);
        for (int offset : offsets) {
            out.putInt(offset);
        }
        return out.put(names).array();
    }

    static GuestSymbols decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int imported = in.getInt();
        int[] offsets = new int[in.getInt()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = in.getInt();
        }
        byte[] names = new byte[in.remaining()];
        in.get(names);
        return new GuestSymbols(imported, offsets, names);
    }

    /** The module's own names; null when it has none that can be read. */
    @Nullable
    NameCustomSection readNames() {
        try {
            return names.length == 0 ? null : NameCustomSection.parse(names);
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** A function by its name, or its number. */
    String name(int function, @Nullable NameCustomSection known) {
        String name = known == null ? null : known.nameOfFunction(function);
        return name == null || name.isBlank() ? "function " + function : Text.printable(name, MAX_NAME);
    }

    /** Where in the module's bytes a line of {@link TrapLines} is; -1 when that is not known. */
    long offset(int function, int line) {
        int own = function - imported;
        return own < 0 || own >= offsets.length || line < 1 ? -1 : offsets[own] + line - 1L;
    }
}
