package ai.realm.runtime.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** A WebAssembly binary written by hand, for modules that no assembler would write. */
final class WasmBytes {
    static final int I32 = 0x7f;
    static final int I64 = 0x7e;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    static WasmBytes module() {
        return new WasmBytes().bytes(0, 'a', 's', 'm', 1, 0, 0, 0);
    }

    WasmBytes bytes(int... values) {
        for (int v : values) {
            out.write(v);
        }
        return this;
    }

    WasmBytes raw(byte[] values) {
        out.writeBytes(values);
        return this;
    }

    /** Unsigned LEB128. */
    WasmBytes u(long value) {
        long rest = value;
        do {
            int b = (int) (rest & 0x7f);
            rest >>>= 7;
            out.write(rest == 0 ? b : b | 0x80);
        } while (rest != 0);
        return this;
    }

    WasmBytes name(String name) {
        byte[] b = name.getBytes(StandardCharsets.UTF_8);
        return u(b.length).raw(b);
    }

    WasmBytes section(int id, WasmBytes content) {
        return bytes(id).u(content.out.size()).raw(content.get());
    }

    WasmBytes sized(WasmBytes content) {
        return u(content.out.size()).raw(content.get());
    }

    WasmBytes times(int count, int... values) {
        for (int i = 0; i < count; i++) {
            bytes(values);
        }
        return this;
    }

    byte[] get() {
        return out.toByteArray();
    }

    static WasmBytes part() {
        return new WasmBytes();
    }

    /** Type 0 is that of {@code generate}, type 1 takes and gives nothing. */
    static WasmBytes types() {
        return part().u(2).bytes(0x60, 4, I32, I32, I32, I32, 1, I32).bytes(0x60, 0, 0);
    }

    static WasmBytes memoryOfOnePage() {
        return part().bytes(1, 0, 1);
    }

    static WasmBytes usualExports() {
        return part().u(2).name("memory").bytes(2, 0).name("generate").bytes(0, 0);
    }

    /** A function body without locals. */
    static WasmBytes body(WasmBytes code) {
        return part().sized(part().u(0).raw(code.get()).bytes(0x0b));
    }

    /** A whole guest whose {@code generate} is {@code body}, sized. */
    static byte[] guest(WasmBytes body) {
        return module().section(1, types()).section(3, part().bytes(1, 0)).section(5, memoryOfOnePage())
                .section(7, usualExports())
                .section(10, part().u(1).raw(body.get())).get();
    }

    /** A whole guest with {@code section} put in where its id belongs. */
    static byte[] guestWith(int id, WasmBytes content) {
        WasmBytes m = module();
        byte[][] usual = new byte[13][];
        usual[1] = types().get();
        usual[3] = part().bytes(1, 0).get();
        usual[5] = memoryOfOnePage().get();
        usual[7] = usualExports().get();
        usual[10] = part().u(1).raw(body(part().bytes(0x41, 8)).get()).get();
        usual[id] = content.get();
        for (int i : new int[]{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11}) {
            if (usual[i] != null) {
                m.section(i, part().raw(usual[i]));
            }
        }
        return m.get();
    }
}
