package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.ymm;
import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;

/**
 * Emits what is done with rows of floats, for AVX-512. The functions take a row in RDI and RSI (a base and a number of bytes), another in RDX and
 * RCX, and how long they are. A length is whole vectors in the lower 32 bits, and the mask of the lanes of a last one in the upper. Most have it in
 * R8 and a number as bits in R9; see each.
 */
final class RowCode extends RowLoops {
    private static final Vector NUMBER = zmm(31);
    private static final int SWAP_NEIGHBOURS = 0xb1;

    private RowCode() {
    }

    /** What is done with two rows, or with one. */
    enum Elementwise {
        ADD,
        ADD_SCALED,
        MULTIPLY,
        SCALE
    }

    /** {@code x += y}, {@code x += number * y}, {@code x *= y}, {@code x *= number}. */
    static Assembler elementwise(Elementwise what) {
        RowCode c = new RowCode();
        c.begin();
        c.a.vpbroadcastd(NUMBER, Gpr.R9);
        c.length(Gpr.R8);
        c.loop((lane, mask) -> {
            Vector x = zmm(2 * lane);
            Vector y = zmm(2 * lane + 1);
            c.load(x, Gpr.RDI, lane, mask);
            if (what != Elementwise.SCALE) {
                c.load(y, Gpr.RDX, lane, mask);
            }
            switch (what) {
                case ADD -> c.a.vaddps(x, x, y);
                case ADD_SCALED -> c.a.vfmadd231ps(x, y, NUMBER);
                case MULTIPLY -> c.a.vmulps(x, x, y);
                case SCALE -> c.a.vmulps(x, x, NUMBER);
            }
            c.store(Gpr.RDI, lane, mask, x);
        }, Gpr.RDI, Gpr.RDX);
        return c.end();
    }

    /** Returns the sum of the products in XMM0. */
    static Assembler dot() {
        RowCode c = new RowCode();
        c.begin();
        c.length(Gpr.R8);
        c.sums();
        c.loop((lane, mask) -> {
            c.load(zmm(4 + lane), Gpr.RDI, lane, mask);
            c.load(zmm(8 + lane), Gpr.RDX, lane, mask);
            c.a.vfmadd231ps(zmm(lane), zmm(4 + lane), zmm(8 + lane));
        }, Gpr.RDI, Gpr.RDX);
        c.joinSums();
        return c.end();
    }

    /**
     * {@code out = x / sqrt(mean(x²) + eps) * weight}: the first row is x, the second the output; R8 has the weights, R9 the length, and on the stack
     * lie the bits of eps and of 1 ÷ length.
     */
    static Assembler rmsNorm() {
        RowCode c = new RowCode();
        Assembler a = c.a;
        a.vpbroadcastd(zmm(16), Address.at(Gpr.RSP, 8));
        a.vpbroadcastd(zmm(17), Address.at(Gpr.RSP, 12));
        c.begin();
        a.mov(Gpr.RCX, Gpr.RDI);
        a.mov(Gpr.RSI, Gpr.R8);
        a.mov(Gpr.R8, Gpr.R9);
        c.length(Gpr.R8);
        c.sums();
        c.loop((lane, mask) -> {
            c.load(zmm(4 + lane), Gpr.RDI, lane, mask);
            a.vfmadd231ps(zmm(lane), zmm(4 + lane), zmm(4 + lane));
        }, Gpr.RDI);
        c.joinSums();
        a.vmovdqa32(zmm(18), zmm(16));
        a.vfmadd231ps(zmm(18), zmm(0), zmm(17));
        a.vsqrtps(zmm(18), zmm(18));
        Lanes.all(a, zmm(17), 1f);
        a.vdivps(zmm(18), zmm(17), zmm(18));
        c.length(Gpr.R9);
        c.loop((lane, mask) -> {
            c.load(zmm(lane), Gpr.RCX, lane, mask);
            c.load(zmm(4 + lane), Gpr.RSI, lane, mask);
            a.vmulps(zmm(lane), zmm(lane), zmm(18));
            a.vmulps(zmm(lane), zmm(lane), zmm(4 + lane));
            c.store(Gpr.RDX, lane, mask, zmm(lane));
        }, Gpr.RCX, Gpr.RSI, Gpr.RDX);
        return c.end();
    }

    /**
     * {@code out = (x - mean) / sqrt(variance + eps) * weight + bias}: the first row is x, the second the output; R8 has the weights, R9 the bias. On the
     * stack lie the length, and the bits of eps and of 1 ÷ length.
     */
    static Assembler layerNorm() {
        RowCode c = new RowCode();
        Assembler a = c.a;
        a.vpbroadcastd(zmm(16), Address.at(Gpr.RSP, 16));
        a.vpbroadcastd(zmm(17), Address.at(Gpr.RSP, 20));
        c.begin();
        a.mov(Gpr.RSI, Address.at(Gpr.RSP, 8));
        a.mov(Gpr.RCX, Gpr.RDI);
        c.length(Gpr.RSI);
        c.sums();
        c.loop((lane, mask) -> {
            c.load(zmm(4 + lane), Gpr.RCX, lane, mask);
            a.vaddps(zmm(lane), zmm(lane), zmm(4 + lane));
        }, Gpr.RCX);
        c.joinSums();
        Vector mean = zmm(19);
        a.vmulps(mean, zmm(0), zmm(17));
        a.mov(Gpr.RCX, Gpr.RDI);
        c.length(Gpr.RSI);
        c.sums();
        c.loop((lane, mask) -> {
            c.load(zmm(4 + lane), Gpr.RCX, lane, mask);
            a.vsubps(zmm(4 + lane), zmm(4 + lane), mean);
            if (mask != 0) {
                a.vmovapsz(zmm(4 + lane), mask, zmm(4 + lane));
            }
            a.vfmadd231ps(zmm(lane), zmm(4 + lane), zmm(4 + lane));
        }, Gpr.RCX);
        c.joinSums();
        Vector factor = zmm(18);
        a.vmovdqa32(factor, zmm(16));
        a.vfmadd231ps(factor, zmm(0), zmm(17));
        a.vsqrtps(factor, factor);
        Lanes.all(a, zmm(17), 1f);
        a.vdivps(factor, zmm(17), factor);
        c.length(Gpr.RSI);
        c.loop((lane, mask) -> {
            c.load(zmm(lane), Gpr.RDI, lane, mask);
            c.load(zmm(4 + lane), Gpr.R8, lane, mask);
            c.load(zmm(8 + lane), Gpr.R9, lane, mask);
            a.vsubps(zmm(lane), zmm(lane), mean);
            a.vmulps(zmm(lane), zmm(lane), factor);
            a.vfmadd213ps(zmm(lane), zmm(4 + lane), zmm(8 + lane));
            c.store(Gpr.RDX, lane, mask, zmm(lane));
        }, Gpr.RDI, Gpr.R8, Gpr.R9, Gpr.RDX);
        return c.end();
    }

    /** Softmax of the first row, in place. */
    static Assembler softmax() {
        RowCode c = new RowCode();
        Assembler a = c.a;
        c.begin();
        a.mov(Gpr.RDX, Gpr.RDI);
        a.mov(Gpr.RCX, Gpr.RDI);
        c.exp.begin();
        c.length(Gpr.R8);
        Vector max = zmm(16);
        Vector sum = zmm(17);
        Lanes.all(a, max, Float.NEGATIVE_INFINITY);
        c.one((lane, mask) -> {
            c.load(zmm(0), Gpr.RDI, 0, mask);
            if (mask == 0) {
                a.vmaxps(max, zmm(0), max);
            } else {
                a.vmaxps(max, mask, zmm(0), max);
            }
        }, Gpr.RDI);
        Lanes.greatest(a, max, zmm(0));
        Lanes.zero(a, sum);
        c.length(Gpr.R8);
        c.one((lane, mask) -> {
            c.load(zmm(0), Gpr.RDX, 0, mask);
            a.vsubps(zmm(0), zmm(0), max);
            c.exp.exp(zmm(0), zmm(1), zmm(2));
            if (mask != 0) {
                a.vmovapsz(zmm(0), mask, zmm(0));
            }
            a.vaddps(sum, sum, zmm(0));
            c.store(Gpr.RDX, 0, mask, zmm(0));
        }, Gpr.RDX);
        Lanes.sum(a, sum, zmm(0));
        a.vdivps(sum, c.exp.one(), sum);
        c.length(Gpr.R8);
        c.one((lane, mask) -> {
            c.load(zmm(0), Gpr.RCX, 0, mask);
            a.vmulps(zmm(0), zmm(0), sum);
            c.store(Gpr.RCX, 0, mask, zmm(0));
        }, Gpr.RCX);
        return c.end();
    }

    /**
     * Rotary positions of heads; the first row begins with the first head. RDX and RCX say where cosines are, and R8 is the base of the sines. R9 has
     * the number of heads and in the upper half that of vectors of pairs (16 of halves, 8 of neighbours). On the stack lie the bytes between heads.
     */
    static Assembler rotate(boolean neighbours) {
        RowCode c = new RowCode();
        Assembler a = c.a;
        a.mov(Gpr.R11, Address.at(Gpr.RSP, 8));
        a.add(Gpr.R8, Gpr.RCX);
        c.begin();
        a.mov32(Gpr.RSI, Gpr.R9);
        a.shr(Gpr.R9, 32);
        a.mov(Gpr.R10, Gpr.R9);
        a.shl(Gpr.R10, 6);
        Label vectors = new Label();
        Label heads = new Label();
        a.place(vectors);
        if (neighbours) {
            a.vpmovzxdq(zmm(0), Address.at(Gpr.RDX, 0));
            a.vpmovzxdq(zmm(1), Address.at(Gpr.R8, 0));
            a.vmovsldup(zmm(0), zmm(0));
            a.vmovsldup(zmm(1), zmm(1));
        } else {
            a.vmovups(zmm(0), Address.at(Gpr.RDX, 0));
            a.vmovups(zmm(1), Address.at(Gpr.R8, 0));
        }
        a.mov(Gpr.RAX, Gpr.RDI);
        a.mov(Gpr.RCX, Gpr.RSI);
        a.place(heads);
        if (neighbours) {
            c.turnNeighbours();
        } else {
            c.turnHalves();
        }
        a.add(Gpr.RAX, Gpr.R11);
        a.sub(Gpr.RCX, 1);
        a.jump(Condition.G, heads);
        a.add(Gpr.RDI, 64);
        a.add(Gpr.RDX, neighbours ? 32 : 64);
        a.add(Gpr.R8, neighbours ? 32 : 64);
        a.sub(Gpr.R9, 1);
        a.jump(Condition.G, vectors);
        return c.end();
    }

    private void turnNeighbours() {
        a.vmovups(zmm(2), Address.at(Gpr.RAX, 0));
        a.vpermilps(zmm(3), zmm(2), SWAP_NEIGHBOURS);
        a.vmulps(zmm(3), zmm(3), zmm(1));
        a.vfmaddsub213ps(zmm(2), zmm(0), zmm(3));
        a.vmovups(Address.at(Gpr.RAX, 0), zmm(2));
    }

    private void turnHalves() {
        Address second = Address.at(Gpr.RAX, Gpr.R10, 1, 0);
        a.vmovups(zmm(2), Address.at(Gpr.RAX, 0));
        a.vmovups(zmm(3), second);
        a.vmulps(zmm(4), zmm(2), zmm(0));
        a.vfnmadd231ps(zmm(4), zmm(3), zmm(1));
        a.vmulps(zmm(5), zmm(2), zmm(1));
        a.vfmadd231ps(zmm(5), zmm(3), zmm(0));
        a.vmovups(Address.at(Gpr.RAX, 0), zmm(4));
        a.vmovups(second, zmm(5));
    }

    /** Floats to a row of keys or values of 16 bits: the first row, to where RDX points, R8 vectors. */
    static Assembler storeHalves() {
        RowCode c = new RowCode();
        Assembler a = c.a;
        Label loop = new Label();
        a.add(Gpr.RDI, Gpr.RSI);
        a.place(loop);
        a.vmovups(zmm(0), Address.at(Gpr.RDI, 0));
        a.vcvtps2ph(Address.at(Gpr.RDX, 0), zmm(0));
        a.add(Gpr.RDI, 64);
        a.add(Gpr.RDX, 32);
        a.sub(Gpr.R8, 1);
        a.jump(Condition.G, loop);
        return c.end();
    }

    /** The same to blocks of 8 bits, R8 of them: half a float's scale, 32 bytes. */
    static Assembler storeBlocks() {
        RowCode c = new RowCode();
        Assembler a = c.a;
        Vector scale = zmm(2);
        Vector inverse = zmm(3);
        Lanes.all(a, zmm(16), 0x7fffffff);
        Lanes.all(a, zmm(17), 127f);
        Lanes.all(a, zmm(18), 1f);
        Lanes.all(a, zmm(19), Float.NaN);
        Lanes.zero(a, zmm(20));
        Label loop = new Label();
        Label numbers = new Label();
        a.add(Gpr.RDI, Gpr.RSI);
        a.place(loop);
        a.vmovups(zmm(0), Address.at(Gpr.RDI, 0));
        a.vmovups(zmm(1), Address.at(Gpr.RDI, 64));
        a.vcmpps(3, zmm(0), zmm(1), 3);
        a.vpandd(scale, zmm(0), zmm(16));
        a.vpandd(inverse, zmm(1), zmm(16));
        a.vmaxps(scale, scale, inverse);
        Lanes.greatest(a, scale, inverse);
        a.vdivps(scale, scale, zmm(17));
        a.kortestw(3, 3);
        a.jump(Condition.Z, numbers);
        a.vmovdqa32(scale, zmm(19));
        a.place(numbers);
        a.vcmpps(4, scale, zmm(20), 4);
        a.vdivpsz(inverse, 4, zmm(18), scale);
        a.vmulps(zmm(0), zmm(0), inverse);
        a.vmulps(zmm(1), zmm(1), inverse);
        a.vcvtps2dq(zmm(0), zmm(0));
        a.vcvtps2dq(zmm(1), zmm(1));
        a.vcvtps2ph(zmm(4), ymm(scale.number()));
        a.vpextrw(Address.at(Gpr.RDX, 0), zmm(4));
        a.vpmovdb(Address.at(Gpr.RDX, 2), zmm(0));
        a.vpmovdb(Address.at(Gpr.RDX, 18), zmm(1));
        a.add(Gpr.RDI, 128);
        a.add(Gpr.RDX, 34);
        a.sub(Gpr.R8, 1);
        a.jump(Condition.G, loop);
        return c.end();
    }
}
