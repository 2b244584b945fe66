package ai.realm.core.kernel.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes x86-64 instructions into a growing array: those that the kernels need, a method each, named as Intel names them, destination
 * first. Vector instructions have the EVEX form. Beside the bytes it keeps the text of each instruction in Intel's syntax, which GNU
 * {@code as} reads, for tests and dumps. Not thread-safe. Source of the encodings: Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2.
 */
final class Assembler {
    /** Prefix of an opcode, as EVEX has it in two bits. */
    private static final int P_NONE = 0;
    private static final int P_66 = 1;
    private static final int P_F3 = 2;
    /** Opcode maps. */
    private static final int M_0F = 1;
    private static final int M_0F38 = 2;
    private static final int M_0F3A = 3;

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
    }

    private byte[] code = new byte[1024];
    private int length;
    private final List<String> listing = new ArrayList<>();
    private final IdentityHashMap<Label, Integer> names = new IdentityHashMap<>();

    /** The bytes so far; every label that was jumped to must have been placed. */
    byte[] toByteArray() {
        return Arrays.copyOf(code, length);
    }

    /** The instructions so far, a line each. */
    List<String> listing() {
        return List.copyOf(listing);
    }

    // --- general registers

    void mov(Gpr to, Gpr from) {
        rex(true, from, null, to);
        bytes(0x89, 0xc0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
        line("mov %s, %s", to.text(), from.text());
    }

    /** Loads 32 bits into the lower half and zeros the upper. */
    void mov32(Gpr to, int value) {
        rex(false, null, null, to);
        bytes(0xb8 | to.ordinal() & 7);
        int32(value);
        line("mov %s, %d", to.text32(), value);
    }

    void mov(Gpr to, Address from) {
        general(true, 0x8b, to, from);
        line("mov %s, qword ptr %s", to.text(), from.text());
    }

    void mov32(Address to, Gpr from) {
        general(false, 0x89, from, to);
        line("mov dword ptr %s, %s", to.text(), from.text32());
    }

    void lea(Gpr to, Address from) {
        general(true, 0x8d, to, from);
        line("lea %s, %s", to.text(), from.text());
    }

    void add(Gpr to, Gpr from) {
        rex(true, from, null, to);
        bytes(0x01, 0xc0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
        line("add %s, %s", to.text(), from.text());
    }

    void add(Gpr to, int value) {
        immediate(0, to, value);
        line("add %s, %d", to.text(), value);
    }

    void sub(Gpr to, int value) {
        immediate(5, to, value);
        line("sub %s, %d", to.text(), value);
    }

    void cmp(Gpr a, int value) {
        immediate(7, a, value);
        line("cmp %s, %d", a.text(), value);
    }

    private void immediate(int operation, Gpr to, int value) {
        rex(true, null, null, to);
        boolean small = value == (byte) value;
        if (!small && to == Gpr.RAX) {
            bytes(0x05 | operation << 3);
        } else {
            bytes(small ? 0x83 : 0x81, 0xc0 | operation << 3 | to.ordinal() & 7);
        }
        if (small) {
            bytes(value);
        } else {
            int32(value);
        }
    }

    void shl(Gpr to, int bits) {
        shift(4, to, bits);
        line("shl %s, %d", to.text(), bits);
    }

    void shr(Gpr to, int bits) {
        shift(5, to, bits);
        line("shr %s, %d", to.text(), bits);
    }

    private void shift(int operation, Gpr to, int bits) {
        rex(true, null, null, to);
        if (bits == 1) {
            bytes(0xd1, 0xc0 | operation << 3 | to.ordinal() & 7);
        } else {
            bytes(0xc1, 0xc0 | operation << 3 | to.ordinal() & 7, bits);
        }
    }

    /** Zeros the upper half of a register. */
    void mov32(Gpr to, Gpr from) {
        rex(false, from, null, to);
        bytes(0x89, 0xc0 | (from.ordinal() & 7) << 3 | to.ordinal() & 7);
        line("mov %s, %s", to.text32(), from.text32());
    }

    void place(Label label) {
        if (label.at >= 0) {
            throw new IllegalStateException("a label stands in one place");
        }
        label.at = length;
        for (int jump : label.jumps) {
            patch(jump, length - jump - 4);
        }
        listing.add("L" + name(label) + ":");
    }

    void jump(Condition condition, Label label) {
        bytes(0x0f, 0x80 | condition.code);
        label.jumps.add(length);
        int32(label.at < 0 ? 0 : label.at - length - 4);
        listing.add("{disp32} j" + condition.name().toLowerCase(Locale.ROOT) + " L" + name(label));
    }

    private int name(Label label) {
        return names.computeIfAbsent(label, l -> names.size());
    }

    void ret() {
        bytes(0xc3);
        listing.add("ret");
    }

    void cpuid() {
        bytes(0x0f, 0xa2);
        listing.add("cpuid");
    }

    void xgetbv() {
        bytes(0x0f, 0x01, 0xd0);
        listing.add("xgetbv");
    }

    void push(Gpr r) {
        rex(false, null, null, r);
        bytes(0x50 | r.ordinal() & 7);
        line("push %s", r.text());
    }

    void pop(Gpr r) {
        rex(false, null, null, r);
        bytes(0x58 | r.ordinal() & 7);
        line("pop %s", r.text());
    }

    void prefetcht0(Address at) {
        prefetch(1, at);
        line("prefetcht0 byte ptr %s", at.text());
    }

    void prefetcht1(Address at) {
        prefetch(2, at);
        line("prefetcht1 byte ptr %s", at.text());
    }

    private void prefetch(int hint, Address at) {
        rex(false, null, at.index(), at.base());
        bytes(0x0f, 0x18);
        memory(hint, at, 1);
    }

    // --- masks

    void kmovw(int mask, Gpr from) {
        bytes(0xc5, 0x78 | (from.ordinal() >= 8 ? 0 : 0x80));
        if (from.ordinal() >= 8) {
            length -= 2;
            bytes(0xc4, 0xc1, 0x78);
        }
        bytes(0x92, 0xc0 | mask << 3 | from.ordinal() & 7);
        line("kmovw k%d, %s", mask, from.text32());
    }

    /** Sets the flags: zero when all 16 bits of the mask are. */
    void kortestw(int a, int b) {
        bytes(0xc5, 0xf8, 0x98, 0xc0 | a << 3 | b);
        line("kortestw k%d, k%d", a, b);
    }

    void vzeroupper() {
        bytes(0xc5, 0xf8, 0x77);
        listing.add("vzeroupper");
    }

    // --- vectors: moves

    void vmovups(Vector to, Address from) {
        load("vmovups", P_NONE, M_0F, 0, 0x10, to, from, to.bits() / 8);
    }

    void vmovups(Address to, Vector from) {
        store("vmovups", P_NONE, M_0F, 0, 0x11, to, from, from.bits() / 8, 0);
    }

    /** Writes the lanes whose bit is set in the mask. */
    void vmovups(Address to, int mask, Vector from) {
        store("vmovups", P_NONE, M_0F, 0, 0x11, to, from, from.bits() / 8, mask);
    }

    /** Takes the lanes whose bit is set, and leaves the others. */
    void vmovaps(Vector to, int mask, Vector from) {
        registers("vmovaps", P_NONE, M_0F, 0, 0x28, to, null, from, mask, -1);
    }

    void vmovdqa32(Vector to, Vector from) {
        registers("vmovdqa32", P_66, M_0F, 0, 0x6f, to, null, from, 0, -1);
    }

    void vpbroadcastd(Vector to, Address from) {
        load("vpbroadcastd", P_66, M_0F38, 0, 0x58, to, from, 4);
    }

    void vpbroadcastd(Vector to, Gpr from) {
        evex(P_66, M_0F38, 0, to.bits(), to.number(), 0, 0, from.ordinal(), null, false, false);
        bytes(0x7c, 0xc0 | (to.number() & 7) << 3 | from.ordinal() & 7);
        vector("vpbroadcastd %s, %s", to.text(), from.text32());
    }

    /** Each 32-bit lane's lowest byte, one after the other. */
    void vpmovdb(Address to, Vector from) {
        store("vpmovdb", P_F3, M_0F38, 0, 0x31, to, from, from.bits() / 32, 0);
    }

    void vpmovzxbd(Vector to, Address from) {
        load("vpmovzxbd", P_66, M_0F38, 0, 0x31, to, from, to.bits() / 32);
    }

    void vpmovsxbd(Vector to, Address from) {
        load("vpmovsxbd", P_66, M_0F38, 0, 0x21, to, from, to.bits() / 32);
    }

    // --- vectors: whole numbers

    void vpxord(Vector to, Vector a, Vector b) {
        registers("vpxord", P_66, M_0F, 0, 0xef, to, a, b, 0, -1);
    }

    void vpandd(Vector to, Vector a, Vector b) {
        registers("vpandd", P_66, M_0F, 0, 0xdb, to, a, b, 0, -1);
    }

    void vpandd(Vector to, Vector a, Address b) {
        three("vpandd", P_66, M_0F, 0, 0xdb, to, a, b, to.bits() / 8);
    }

    void vpaddd(Vector to, Vector a, Vector b) {
        registers("vpaddd", P_66, M_0F, 0, 0xfe, to, a, b, 0, -1);
    }

    void vpmulld(Vector to, Vector a, Address b) {
        three("vpmulld", P_66, M_0F38, 0, 0x40, to, a, b, to.bits() / 8);
    }

    /** {@code to = function(to, a, b)} bit by bit; bit {@code 4 * to + 2 * a + b} of the function is its value there. */
    void vpternlogd(Vector to, Vector a, Vector b, int function) {
        registers("vpternlogd", P_66, M_0F3A, 0, 0x25, to, a, b, 0, function);
    }

    void vpsrlw(Vector to, Vector from, int bits) {
        shift("vpsrlw", 2, to, from, bits);
    }

    void vpsllw(Vector to, Vector from, int bits) {
        shift("vpsllw", 6, to, from, bits);
    }

    private void shift(String name, int operation, Vector to, Vector from, int bits) {
        evex(P_66, M_0F, 0, to.bits(), 0, to.number(), 0, from.number(), null, false, false);
        bytes(0x71, 0xc0 | operation << 3 | from.number() & 7, bits);
        vector("%s %s, %s, %d", name, to.text(), from.text(), bits);
    }

    void vpsrlw(Vector to, Address from, int bits) {
        shift("vpsrlw", 2, to, from, bits);
    }

    void vpsllw(Vector to, Address from, int bits) {
        shift("vpsllw", 6, to, from, bits);
    }

    private void shift(String name, int operation, Vector to, Address from, int bits) {
        evex(P_66, M_0F, 0, to.bits(), 0, to.number(), 0, 0, from, false, false);
        bytes(0x71);
        memory(operation, from, to.bits() / 8);
        bytes(bits);
        vector("%s %s, %s ptr %s, %d", name, to.text(), size(to.bits() / 8), from.text(), bits);
    }

    /** Takes each byte from a table of 16 in the same 128 bits. */
    void vpshufb(Vector to, Vector table, Vector indices) {
        registers("vpshufb", P_66, M_0F38, 0, 0x00, to, table, indices, 0, -1);
    }

    /** Adds to each 32-bit lane four products of unsigned bytes of {@code a} and signed bytes of {@code b}. */
    void vpdpbusd(Vector to, Vector a, Vector b) {
        registers("vpdpbusd", P_66, M_0F38, 0, 0x50, to, a, b, 0, -1);
    }

    // --- vectors: floats

    void vcvtdq2ps(Vector to, Vector from) {
        registers("vcvtdq2ps", P_NONE, M_0F, 0, 0x5b, to, null, from, 0, -1);
    }

    /** Rounds to the nearest, ties to even. */
    void vcvtps2dq(Vector to, Vector from) {
        registers("vcvtps2dq", P_66, M_0F, 0, 0x5b, to, null, from, 0, -1);
    }

    void vcvtph2ps(Vector to, Address from) {
        load("vcvtph2ps", P_66, M_0F38, 0, 0x13, to, from, to.bits() / 16);
    }

    void vaddps(Vector to, Vector a, Vector b) {
        registers("vaddps", P_NONE, M_0F, 0, 0x58, to, a, b, 0, -1);
    }

    void vmulps(Vector to, Vector a, Vector b) {
        registers("vmulps", P_NONE, M_0F, 0, 0x59, to, a, b, 0, -1);
    }

    void vmulps(Vector to, int mask, Vector a, Vector b) {
        registers("vmulps", P_NONE, M_0F, 0, 0x59, to, a, b, mask, -1);
    }

    /** Multiplies with one number for all lanes. */
    void vmulps1(Vector to, Vector a, Address b) {
        broadcast("vmulps", P_NONE, M_0F, 0, 0x59, to, a, b);
    }

    void vdivps(Vector to, Vector a, Vector b) {
        registers("vdivps", P_NONE, M_0F, 0, 0x5e, to, a, b, 0, -1);
    }

    /** Divides the lanes whose bit is set, and zeros the others. */
    void vdivpsz(Vector to, int mask, Vector a, Vector b) {
        evex(P_NONE, M_0F, 0, to.bits(), to.number(), a.number(), mask, b.number(), null, false, true);
        bytes(0x5e, 0xc0 | (to.number() & 7) << 3 | b.number() & 7);
        vector("vdivps %s{k%d}{z}, %s, %s", to.text(), mask, a.text(), b.text());
    }

    void vmaxps(Vector to, Vector a, Vector b) {
        registers("vmaxps", P_NONE, M_0F, 0, 0x5f, to, a, b, 0, -1);
    }

    /** {@code to += a * b}, rounded once. */
    void vfmadd231ps(Vector to, Vector a, Vector b) {
        registers("vfmadd231ps", P_66, M_0F38, 0, 0xb8, to, a, b, 0, -1);
    }

    /** {@code to += a * b} with one number for all lanes. */
    void vfmadd231ps1(Vector to, Vector a, Address b) {
        broadcast("vfmadd231ps", P_66, M_0F38, 0, 0xb8, to, a, b);
    }

    /** {@code to -= a * b} with one number for all lanes. */
    void vfnmadd231ps1(Vector to, Vector a, Address b) {
        broadcast("vfnmadd231ps", P_66, M_0F38, 0, 0xbc, to, a, b);
    }

    /** Compares lanes into a mask; 3: either is no number, 4: not equal. */
    void vcmpps(int mask, Vector a, Vector b, int predicate) {
        evex(P_NONE, M_0F, 0, a.bits(), mask, a.number(), 0, b.number(), null, false, false);
        bytes(0xc2, 0xc0 | mask << 3 | b.number() & 7, predicate);
        vector("vcmpps k%d, %s, %s, %d", mask, a.text(), b.text(), predicate);
    }

    // --- vectors: order of lanes

    /** Orders 128-bit lanes: 64-bit granularity has the same effect. */
    void vshuff64x2(Vector to, Vector a, Vector b, int order) {
        registers("vshuff64x2", P_66, M_0F3A, 1, 0x23, to, a, b, 0, order);
    }

    /** Orders the four numbers of each 128 bits. */
    void vpermilps(Vector to, Vector from, int order) {
        registers("vpermilps", P_66, M_0F3A, 0, 0x04, to, null, from, 0, order);
    }

    // --- forms

    private void registers(String name, int prefix, int map, int w, int opcode, Vector to, @Nullable Vector a, Vector b, int mask,
            int immediate) {
        evex(prefix, map, w, to.bits(), to.number(), a == null ? 0 : a.number(), mask, b.number(), null, false, false);
        bytes(opcode, 0xc0 | (to.number() & 7) << 3 | b.number() & 7);
        if (immediate >= 0) {
            bytes(immediate);
        }
        listing.add("{evex} " + name + " " + to.text() + (mask == 0 ? "" : "{k" + mask + "}") + (a == null ? "" : ", " + a.text())
                + ", "
                + b.text() + (immediate < 0 ? "" : ", " + immediate));
    }

    private void load(String name, int prefix, int map, int w, int opcode, Vector to, Address from, int bytes) {
        evex(prefix, map, w, to.bits(), to.number(), 0, 0, 0, from, false, false);
        bytes(opcode);
        memory(to.number() & 7, from, bytes);
        vector("%s %s, %s ptr %s", name, to.text(), size(bytes), from.text());
    }

    private void store(String name, int prefix, int map, int w, int opcode, Address to, Vector from, int bytes, int mask) {
        evex(prefix, map, w, from.bits(), from.number(), 0, mask, 0, to, false, false);
        bytes(opcode);
        memory(from.number() & 7, to, bytes);
        vector("%s %s ptr %s%s, %s", name, size(bytes), to.text(), mask == 0 ? "" : "{k" + mask + "}", from.text());
    }

    private void three(String name, int prefix, int map, int w, int opcode, Vector to, Vector a, Address b, int bytes) {
        evex(prefix, map, w, to.bits(), to.number(), a.number(), 0, 0, b, false, false);
        bytes(opcode);
        memory(to.number() & 7, b, bytes);
        vector("%s %s, %s, %s ptr %s", name, to.text(), a.text(), size(bytes), b.text());
    }

    private void broadcast(String name, int prefix, int map, int w, int opcode, Vector to, Vector a, Address b) {
        evex(prefix, map, w, to.bits(), to.number(), a.number(), 0, 0, b, true, false);
        bytes(opcode);
        memory(to.number() & 7, b, 4);
        vector("%s %s, %s, dword bcst %s", name, to.text(), a.text(), b.text());
    }

    private static String size(int bytes) {
        return switch (bytes) {
            case 64 -> "zmmword";
            case 32 -> "ymmword";
            case 16 -> "xmmword";
            case 8 -> "qword";
            case 4 -> "dword";
            default -> throw new IllegalArgumentException("no operand of " + bytes + " bytes");
        };
    }

    // --- encodings

    /** The prefix of vector instructions: registers by number, {@code rm} when there is no address. */
    private void evex(int prefix, int map, int w, int bits, int reg, int second, int mask, int rm, @Nullable Address address,
            boolean broadcast, boolean zero) {
        int b = address == null ? rm >> 3 & 1 : address.base().ordinal() >> 3;
        int x = address == null ? rm >> 4 & 1 : address.index() == null ? 0 : address.index().ordinal() >> 3;
        bytes(0x62, (~reg >> 3 & 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (~reg >> 4 & 1) << 4 | map,
                w << 7 | (~second & 15) << 3 | 4 | prefix,
                (zero ? 0x80 : 0) | (bits == 512 ? 2 : bits == 256 ? 1 : 0) << 5 | (broadcast ? 0x10 : 0)
                        | (~second >> 4 & 1) << 3
                        | mask);
    }

    private void rex(boolean wide, @Nullable Gpr reg, @Nullable Gpr index, Gpr base) {
        int rex = (wide ? 8 : 0) | (reg != null && reg.ordinal() >= 8 ? 4 : 0) | (index != null && index.ordinal() >= 8 ? 2 : 0)
                | (base.ordinal() >= 8 ? 1 : 0);
        if (rex != 0) {
            bytes(0x40 | rex);
        }
    }

    private void general(boolean wide, int opcode, Gpr reg, Address address) {
        rex(wide, reg, address.index(), address.base());
        bytes(opcode);
        memory(reg.ordinal() & 7, address, 1);
    }

    /** ModRM, SIB and displacement, which has one byte where it is a small multiple of {@code unit}. */
    private void memory(int reg, Address a, int unit) {
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

    private void bytes(int... values) {
        if (length + values.length > code.length) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
        for (int v : values) {
            code[length++] = (byte) v;
        }
    }

    private void int32(int v) {
        bytes(v, v >> 8, v >> 16, v >> 24);
    }

    private void patch(int at, int v) {
        for (int i = 0; i < 4; i++) {
            code[at + i] = (byte) (v >> 8 * i);
        }
    }

    private void line(String format, Object... values) {
        listing.add(String.format(Locale.ROOT, format, values));
    }

    /** Of a vector instruction, whose shorter form without 32 registers is not meant. */
    private void vector(String format, Object... values) {
        line("{evex} " + format, values);
    }
}
