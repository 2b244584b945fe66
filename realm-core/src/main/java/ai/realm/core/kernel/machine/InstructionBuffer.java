package ai.realm.core.kernel.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A growing array of x86-64 instructions and, beside the bytes, the text of each in Intel's syntax, which GNU {@code as} reads: labels, prefixes,
 * operands. What instructions there are says {@link Assembler}. Not thread-safe.
 */
class InstructionBuffer {
    /** Prefix of an opcode, as EVEX has it in two bits. */
    static final int P_NONE = 0;
    static final int P_66 = 1;
    static final int P_F3 = 2;
    /** Opcode maps. */
    static final int M_0F = 1;
    static final int M_0F38 = 2;
    static final int M_0F3A = 3;

    /** A place in the code that jumps lead to, before or behind them. */
    static final class Label {
        private int at = -1;
        private final List<Integer> jumps = new ArrayList<>();
    }

    /** Conditions of a jump, by their encoding. */
    enum Condition {
        Z(4),
        NZ(5),
        L(12),
        GE(13),
        LE(14),
        G(15);

        private final int code;

        Condition(int code) {
            this.code = code;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    byte[] code = new byte[1024];
    int length;
    private final List<Line> listing = new ArrayList<>();
    private final IdentityHashMap<Label, Integer> names = new IdentityHashMap<>();

    /** The bytes so far; every label that was jumped to must have been placed. */
    byte[] toByteArray() {
        return Arrays.copyOf(code, length);
    }

    /** The instructions so far, a line each. */
    List<String> listing() {
        return listing.stream().map(Line::toString).toList();
    }

    void place(Label label) {
        if (label.at >= 0) {
            throw new IllegalStateException("a label stands in one place");
        }
        label.at = length;
        for (int jump : label.jumps) {
            patch(jump, length - jump - 4);
        }
        line("L%d:", name(label));
    }

    void jump(Condition condition, Label label) {
        bytes(0x0f, 0x80 | condition.code);
        jumpTo(label);
        line("{disp32} j%s L%d", condition, name(label));
    }

    void jumpTo(Label label) {
        label.jumps.add(length);
        int32(label.at < 0 ? 0 : label.at - length - 4);
    }

    int name(Label label) {
        return names.computeIfAbsent(label, l -> names.size());
    }

    void registers(String name, int prefix, int map, int w, int opcode, Vector to, @Nullable Vector a, Vector b, int mask,
            int immediate) {
        registers(name, prefix, map, w, opcode, to, a, b, mask, false, immediate);
    }

    void registers(String name, int prefix, int map, int w, int opcode, Vector to, @Nullable Vector a, Vector b, int mask,
            boolean zero, int immediate) {
        evex(prefix, map, w, to.bits(), to.number(), a == null ? 0 : a.number(), mask, b.number(), null, false, zero);
        bytes(opcode, 0xc0 | (to.number() & 7) << 3 | b.number() & 7);
        if (immediate >= 0) {
            bytes(immediate);
        }
        String end = immediate < 0 ? "" : ", %d";
        if (a == null) {
            vector("%s %s%s, %s" + end, name, to, new Masked(mask, zero), b, immediate);
        } else {
            vector("%s %s%s, %s, %s" + end, name, to, new Masked(mask, zero), a, b, immediate);
        }
    }

    /** The mask of an operand, for a listing. */
    record Masked(int mask, boolean zero) {
        @Override
        public String toString() {
            return (mask == 0 ? "" : "{k" + mask + "}") + (zero ? "{z}" : "");
        }
    }

    /** An instruction's text, put together when it is asked for: that takes longer than its bytes. */
    private record Line(boolean evex, String format, Object[] operands) {
        @Override
        public String toString() {
            return (evex ? "{evex} " : "") + String.format(Locale.ROOT, format, operands);
        }
    }

    void load(String name, int prefix, int map, int w, int opcode, Vector to, Address from, int bytes) {
        load(name, prefix, map, w, opcode, to, from, bytes, 0);
    }

    /** Lanes that a mask leaves out are zero. */
    void load(String name, int prefix, int map, int w, int opcode, Vector to, Address from, int bytes, int mask) {
        evex(prefix, map, w, to.bits(), to.number(), 0, mask, 0, from, false, mask != 0);
        bytes(opcode);
        memory(to.number() & 7, from, bytes);
        vector("%s %s%s, %s ptr %s", name, to, new Masked(mask, mask != 0), size(bytes), from);
    }

    void store(String name, int prefix, int map, int w, int opcode, Address to, Vector from, int bytes, int mask) {
        evex(prefix, map, w, from.bits(), from.number(), 0, mask, 0, to, false, false);
        bytes(opcode);
        memory(from.number() & 7, to, bytes);
        vector("%s %s ptr %s%s, %s", name, size(bytes), to, new Masked(mask, false), from);
    }

    void three(String name, int prefix, int map, int w, int opcode, Vector to, Vector a, Address b, int bytes) {
        evex(prefix, map, w, to.bits(), to.number(), a.number(), 0, 0, b, false, false);
        bytes(opcode);
        memory(to.number() & 7, b, bytes);
        vector("%s %s, %s, %s ptr %s", name, to, a, size(bytes), b);
    }

    void broadcast(String name, int prefix, int map, int w, int opcode, Vector to, Vector a, Address b) {
        evex(prefix, map, w, to.bits(), to.number(), a.number(), 0, 0, b, true, false);
        bytes(opcode);
        memory(to.number() & 7, b, 4);
        vector("%s %s, %s, dword bcst %s", name, to, a, b);
    }

    static String size(int bytes) {
        return switch (bytes) {
            case 64 -> "zmmword";
            case 32 -> "ymmword";
            case 16 -> "xmmword";
            case 8 -> "qword";
            case 4 -> "dword";
            case 2 -> "word";
            default -> throw new IllegalArgumentException("no operand of " + bytes + " bytes");
        };
    }

    // --- encodings

    /** The prefix of vector instructions: registers by number, {@code rm} when there is no address. */
    void evex(int prefix, int map, int w, int bits, int reg, int second, int mask, int rm, @Nullable Address address,
            boolean broadcast, boolean zero) {
        int b = address == null ? rm >> 3 & 1 : address.base().ordinal() >> 3;
        int x = address == null ? rm >> 4 & 1 : address.index() == null ? 0 : address.index().ordinal() >> 3;
        bytes(0x62, (~reg >> 3 & 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (~reg >> 4 & 1) << 4 | map,
                w << 7 | (~second & 15) << 3 | 4 | prefix,
                (zero ? 0x80 : 0) | (bits == 512 ? 2 : bits == 256 ? 1 : 0) << 5 | (broadcast ? 0x10 : 0)
                        | (~second >> 4 & 1) << 3
                        | mask);
    }

    void rex(boolean wide, @Nullable Gpr reg, @Nullable Gpr index, Gpr base) {
        int rex = (wide ? 8 : 0) | (reg != null && reg.ordinal() >= 8 ? 4 : 0) | (index != null && index.ordinal() >= 8 ? 2 : 0)
                | (base.ordinal() >= 8 ? 1 : 0);
        if (rex != 0) {
            bytes(0x40 | rex);
        }
    }

    void general(boolean wide, int opcode, Gpr reg, Address address) {
        rex(wide, reg, address.index(), address.base());
        bytes(opcode);
        memory(reg.ordinal() & 7, address, 1);
    }

    /** ModRM, SIB and displacement, which has one byte where it is a small multiple of {@code unit}. */
    void memory(int reg, Address a, int unit) {
        int base = a.base().ordinal() & 7;
        boolean sib = a.index() != null || base == 4;
        int d = a.displacement();
        boolean small = d % unit == 0 && d / unit == (byte) (d / unit);
        int mod = d == 0 && base != 5 ? 0 : small ? 1 : 2;
        bytes(mod << 6 | reg << 3 | (sib ? 4 : base));
        if (sib) {
            int index = a.index() == null ? 4 : a.index().ordinal() & 7;
            bytes(Integer.numberOfTrailingZeros(a.scale()) << 6 | index << 3 | base);
        }
        if (mod == 1) {
            bytes(d / unit);
        } else if (mod == 2) {
            int32(d);
        }
    }

    void bytes(int... values) {
        if (length + values.length > code.length) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
        for (int v : values) {
            code[length++] = (byte) v;
        }
    }

    void int32(int v) {
        bytes(v, v >> 8, v >> 16, v >> 24);
    }

    private void patch(int at, int v) {
        for (int i = 0; i < 4; i++) {
            code[at + i] = (byte) (v >> 8 * i);
        }
    }

    void line(String format, Object... values) {
        listing.add(new Line(false, format, values));
    }

    /** Of a vector instruction, whose shorter form without 32 registers is not meant. */
    void vector(String format, Object... values) {
        listing.add(new Line(true, format, values));
    }
}
