package ai.realm.core.kernel.machine;

/**
 * Writes the vector instructions that the kernels need, a method each, named as Intel names them, destination first, in the EVEX form. Not thread-safe. Source of the encodings: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
 */
final class Assembler extends TileAssembler {
    // --- masks

    void kmovw(int mask, Gpr from) {
        bytes(0xc5, 0x78 | (from.ordinal() >= 8 ? 0 : 0x80));
        if (from.ordinal() >= 8) {
            length -= 2;
            bytes(0xc4, 0xc1, 0x78);
        }
        bytes(0x92, 0xc0 | mask << 3 | from.ordinal() & 7);
        line("kmovw k%d, %s", mask, from.lower());
    }

    /** Sets the flags: zero when all 16 bits of the mask are. */
    void kortestw(int a, int b) {
        bytes(0xc5, 0xf8, 0x98, 0xc0 | a << 3 | b);
        line("kortestw k%d, k%d", a, b);
    }

    void vzeroupper() {
        bytes(0xc5, 0xf8, 0x77);
        line("vzeroupper");
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
        vector("vpbroadcastd %s, %s", to, from.lower());
    }

    /** Each 32-bit lane's lowest byte, one after the other. */
    void vpmovdb(Address to, Vector from) {
        store("vpmovdb", P_F3, M_0F38, 0, 0x31, to, from, from.bits() / 32, 0);
    }

    /** Each 32-bit lane's lower half, one after the other. */
    void vpmovdw(Address to, Vector from) {
        store("vpmovdw", P_F3, M_0F38, 0, 0x33, to, from, from.bits() / 16, 0);
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

    void vpsubb(Vector to, Vector a, Vector b) {
        registers("vpsubb", P_66, M_0F, 0, 0xf8, to, a, b, 0, -1);
    }

    void vpmulld(Vector to, Vector a, Address b) {
        three("vpmulld", P_66, M_0F38, 0, 0x40, to, a, b, to.bits() / 8);
    }

    /** {@code to = function(to, a, b)} bit by bit; bit {@code 4 * to + 2 * a + b} of the function is its value there. */
    void vpternlogd(Vector to, Vector a, Vector b, int function) {
        registers("vpternlogd", P_66, M_0F3A, 0, 0x25, to, a, b, 0, function);
    }

    void vpsrlw(Vector to, Vector from, int bits) {
        shift("vpsrlw", 0x71, 2, to, from, bits);
    }

    void vpsllw(Vector to, Vector from, int bits) {
        shift("vpsllw", 0x71, 6, to, from, bits);
    }

    private void shift(String name, int opcode, int operation, Vector to, Vector from, int bits) {
        evex(P_66, M_0F, 0, to.bits(), 0, to.number(), 0, from.number(), null, false, false);
        bytes(opcode, 0xc0 | operation << 3 | from.number() & 7, bits);
        vector("%s %s, %s, %d", name, to, from, bits);
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
        vector("%s %s, %s ptr %s, %d", name, to, size(to.bits() / 8), from, bits);
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

    void vcvtdq2ps(Vector to, Address from) {
        load("vcvtdq2ps", P_NONE, M_0F, 0, 0x5b, to, from, to.bits() / 8);
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
        vector("vdivps %s{k%d}{z}, %s, %s", to, mask, a, b);
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
        vector("vcmpps k%d, %s, %s, %d", mask, a, b, predicate);
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

    // --- vectors: what attention and rows need besides

    /** Loads the lanes whose bit is set, and zeros the others: nothing is read for them. */
    void vmovups(Vector to, int mask, Address from) {
        load("vmovups", P_NONE, M_0F, 0, 0x10, to, from, to.bits() / 8, mask);
    }

    /** Of 16-bit floats; the same with masks as above. */
    void vcvtph2ps(Vector to, int mask, Address from) {
        load("vcvtph2ps", P_66, M_0F38, 0, 0x13, to, from, to.bits() / 16, mask);
    }

    void vpmovzxwd(Vector to, int mask, Address from) {
        load("vpmovzxwd", P_66, M_0F38, 0, 0x33, to, from, to.bits() / 16, mask);
    }

    void vpsrld(Vector to, Vector from, int bits) {
        shift("vpsrld", 0x72, 2, to, from, bits);
    }

    void vpslld(Vector to, Vector from, int bits) {
        shift("vpslld", 0x72, 6, to, from, bits);
    }

    void vpbroadcastw(Vector to, Address from) {
        load("vpbroadcastw", P_66, M_0F38, 0, 0x79, to, from, 2);
    }

    /** Takes 32-bit lanes to 64-bit ones. */
    void vpmovzxdq(Vector to, Address from) {
        load("vpmovzxdq", P_66, M_0F38, 0, 0x35, to, from, to.bits() / 16);
    }

    /** Each even lane twice. */
    void vmovsldup(Vector to, Vector from) {
        registers("vmovsldup", P_F3, M_0F, 0, 0x12, to, null, from, 0, -1);
    }

    /** Each lane of {@code from}, whose lanes are half as wide. */
    void vcvtph2ps(Vector to, Vector from) {
        evex(P_66, M_0F38, 0, to.bits(), to.number(), 0, 0, from.number(), null, false, false);
        bytes(0x13, 0xc0 | (to.number() & 7) << 3 | from.number() & 7);
        vector("vcvtph2ps %s, %s", to, new Vector(from.number(), Math.max(128, to.bits() / 2)));
    }

    /** Rounds to the nearest, ties to even. */
    void vcvtps2ph(Address to, Vector from) {
        evex(P_66, M_0F3A, 0, from.bits(), from.number(), 0, 0, 0, to, false, false);
        bytes(0x1d);
        memory(from.number() & 7, to, from.bits() / 16);
        bytes(0);
        vector("vcvtps2ph %s ptr %s, %s, 0", size(from.bits() / 16), to, from);
    }

    /** The first half of {@code to} from {@code from}, rounded to the nearest, ties to even. */
    void vcvtps2ph(Vector to, Vector from) {
        evex(P_66, M_0F3A, 0, from.bits(), from.number(), 0, 0, to.number(), null, false, false);
        bytes(0x1d, 0xc0 | (from.number() & 7) << 3 | to.number() & 7, 0);
        vector("vcvtps2ph %s, %s, 0", new Vector(to.number(), Math.max(128, from.bits() / 2)), from);
    }

    /** Writes the lowest 16 bits. */
    void vpextrw(Address to, Vector from) {
        evex(P_66, M_0F3A, 0, 128, from.number(), 0, 0, 0, to, false, false);
        bytes(0x15);
        memory(from.number() & 7, to, 2);
        bytes(0);
        vector("vpextrw word ptr %s, xmm%d, 0", to, from.number());
    }

    void vsubps(Vector to, Vector a, Vector b) {
        registers("vsubps", P_NONE, M_0F, 0, 0x5c, to, a, b, 0, -1);
    }

    void vminps(Vector to, Vector a, Vector b) {
        registers("vminps", P_NONE, M_0F, 0, 0x5d, to, a, b, 0, -1);
    }

    /** The greater of the lanes whose bit is set; leaves the others. */
    void vmaxps(Vector to, int mask, Vector a, Vector b) {
        registers("vmaxps", P_NONE, M_0F, 0, 0x5f, to, a, b, mask, -1);
    }

    void vsqrtps(Vector to, Vector from) {
        registers("vsqrtps", P_NONE, M_0F, 0, 0x51, to, null, from, 0, -1);
    }

    /** Takes the lanes whose bit is set, and zeros the others. */
    void vmovapsz(Vector to, int mask, Vector from) {
        registers("vmovaps", P_NONE, M_0F, 0, 0x28, to, null, from, mask, true, -1);
    }

    /** The nearest whole number, ties to even. */
    void vrndscaleps(Vector to, Vector from) {
        registers("vrndscaleps", P_66, M_0F3A, 0, 0x08, to, null, from, 0, 0);
    }

    /** {@code a * 2^floor(b)}. */
    void vscalefps(Vector to, Vector a, Vector b) {
        registers("vscalefps", P_66, M_0F38, 0, 0x2c, to, a, b, 0, -1);
    }

    /** {@code to = to * a + b}, rounded once. */
    void vfmadd213ps(Vector to, Vector a, Vector b) {
        registers("vfmadd213ps", P_66, M_0F38, 0, 0xa8, to, a, b, 0, -1);
    }

    /** {@code to -= a * b}, rounded once. */
    void vfnmadd231ps(Vector to, Vector a, Vector b) {
        registers("vfnmadd231ps", P_66, M_0F38, 0, 0xbc, to, a, b, 0, -1);
    }

    /** {@code to = to * a - b} in even lanes, {@code to * a + b} in odd ones. */
    void vfmaddsub213ps(Vector to, Vector a, Vector b) {
        registers("vfmaddsub213ps", P_66, M_0F38, 0, 0xa6, to, a, b, 0, -1);
    }

    void vfmadd231ps(Vector to, Vector a, Address b) {
        three("vfmadd231ps", P_66, M_0F38, 0, 0xb8, to, a, b, to.bits() / 8);
    }

    void vaddps(Vector to, Vector a, Address b) {
        three("vaddps", P_NONE, M_0F, 0, 0x58, to, a, b, to.bits() / 8);
    }

    void vmulps(Vector to, Vector a, Address b) {
        three("vmulps", P_NONE, M_0F, 0, 0x59, to, a, b, to.bits() / 8);
    }

    /** Compares whole numbers where {@code only} (0 for everywhere) has a bit; 1: less, 5: not less. */
    void vpcmpd(int mask, int only, Vector a, Vector b, int predicate) {
        evex(P_66, M_0F3A, 0, a.bits(), mask, a.number(), only, b.number(), null, false, false);
        bytes(0x1f, 0xc0 | mask << 3 | b.number() & 7, predicate);
        vector("vpcmpd k%d%s, %s, %s, %d", mask, new Masked(only, false), a, b, predicate);
    }

    /** Of each 128 bits the first two numbers of both, by turns. */
    void vunpcklps(Vector to, Vector a, Vector b) {
        registers("vunpcklps", P_NONE, M_0F, 0, 0x14, to, a, b, 0, -1);
    }

    void vunpckhps(Vector to, Vector a, Vector b) {
        registers("vunpckhps", P_NONE, M_0F, 0, 0x15, to, a, b, 0, -1);
    }

    void vunpcklpd(Vector to, Vector a, Vector b) {
        registers("vunpcklpd", P_66, M_0F, 1, 0x14, to, a, b, 0, -1);
    }

    void vunpckhpd(Vector to, Vector a, Vector b) {
        registers("vunpckhpd", P_66, M_0F, 1, 0x15, to, a, b, 0, -1);
    }

    /** Loads the lanes whose bit is set from {@code base} (not RBP or R13) plus the bytes that {@code index} says, and clears the mask. */
    void vgatherdps(Vector to, int mask, Gpr base, Vector index) {
        bytes(0x62, (~to.number() >> 3 & 1) << 7 | (~index.number() >> 3 & 1) << 6 | (base.ordinal() >= 8 ? 0 : 1) << 5
                | (~to.number() >> 4 & 1) << 4 | M_0F38, 15 << 3 | 4 | P_66,
                (to.bits() == 512 ? 2 : to.bits() == 256 ? 1 : 0) << 5 | (~index.number() >> 4 & 1) << 3 | mask);
        bytes(0x92, 4 | (to.number() & 7) << 3, (index.number() & 7) << 3 | base.ordinal() & 7);
        line("vgatherdps %s{k%d}, [%s+%s*1]", to, mask, base, index);
    }
}
