package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.ymm;
import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Emits what turns a token's floats into {@link ActivationRecord}s. The function takes in RDI and RSI where the floats begin (a base and a number
 * of bytes), in RDX where the records go, in RCX how many blocks of 32, and in R8 {@link #constants}. Rounds to the nearest, ties to even. A block
 * with a number that is none (or infinite) gets a scale that makes every product with it none, so that it is not hidden.
 */
final class QuantizeCode {
    private static final Vector FIRST = zmm(0);
    private static final Vector SECOND = zmm(1);
    private static final Vector SCALE = zmm(2);
    private static final Vector CODES = zmm(4);
    private static final Vector MORE_CODES = zmm(5);
    private static final Vector ABS = zmm(20);
    private static final Vector MOST = zmm(21);
    private static final Vector UNIT = zmm(22);
    private static final Vector NONE = zmm(23);
    private static final Vector ZERO = zmm(24);
    private static final int SWAP_HALVES = 0x4e;
    private static final int SWAP_NEIGHBOURS = 0xb1;
    private static final int UNORDERED = 3;
    private static final int NOT_EQUAL = 4;

    private final Assembler a = new Assembler();

    private QuantizeCode() {
    }

    /** @param fine whether what the rounding left is rounded, too, into records of its own, to where R9 says */
    static Assembler emit(boolean fine) {
        QuantizeCode code = new QuantizeCode();
        code.function(fine);
        return code.a;
    }

    /** What the words of a record are multiplied with: those of the first 16's sum, of the last 16's, of both. */
    static MemorySegment constants(Arena arena) {
        MemorySegment words = arena.allocate(96, 32);
        word(words, 0, ActivationRecord.FIRST_HALF_32, -32);
        word(words, 32, ActivationRecord.SECOND_HALF_32, -32);
        word(words, 64, ActivationRecord.SUM_8, -8);
        word(words, 64, ActivationRecord.SUM_16, -16);
        word(words, 64, ActivationRecord.SUM_128, -128);
        return words;
    }

    private static void word(MemorySegment words, int vector, int at, int factor) {
        words.set(ValueLayout.JAVA_INT, vector + at - ActivationRecord.SCALE, factor);
    }

    private void function(boolean fine) {
        a.add(Gpr.RDI, Gpr.RSI);
        all(ABS, 0x7fffffff);
        all(MOST, Float.floatToIntBits(127));
        all(UNIT, Float.floatToIntBits(1));
        all(NONE, Float.floatToIntBits(Float.NaN));
        a.vpxord(ZERO, ZERO, ZERO);
        mask(5, 1);
        mask(6, 2);
        Label block = new Label();
        a.place(block);
        a.vmovups(FIRST, Address.at(Gpr.RDI, 0));
        a.vmovups(SECOND, Address.at(Gpr.RDI, 64));
        block(Gpr.RDX);
        if (fine) {
            a.vcvtdq2ps(CODES, CODES);
            a.vcvtdq2ps(MORE_CODES, MORE_CODES);
            a.vfnmadd231ps(FIRST, CODES, SCALE);
            a.vfnmadd231ps(SECOND, MORE_CODES, SCALE);
            block(Gpr.R9);
            a.add(Gpr.R9, ActivationRecord.BYTES);
        }
        a.add(Gpr.RDI, 128);
        a.add(Gpr.RDX, ActivationRecord.BYTES);
        a.sub(Gpr.RCX, 1);
        a.jump(Condition.G, block);
        a.vzeroupper();
        a.ret();
    }

    private void all(Vector to, int value) {
        Lanes.all(a, to, value);
    }

    private void mask(int mask, int lanes) {
        a.mov32(Gpr.RAX, lanes);
        a.kmovw(mask, Gpr.RAX);
    }

    private void block(Gpr records) {
        Vector first = FIRST;
        Vector second = SECOND;
        Vector scale = SCALE;
        a.vcmpps(3, first, second, UNORDERED);
        largest(first, second, scale, zmm(3));
        a.vdivps(scale, scale, MOST);
        Label numbers = new Label();
        a.kortestw(3, 3);
        a.jump(Condition.Z, numbers);
        a.vmovdqa32(scale, NONE);
        a.place(numbers);
        a.vcmpps(4, scale, ZERO, NOT_EQUAL);
        Vector inverse = zmm(3);
        a.vdivpsz(inverse, 4, UNIT, scale);
        Vector codes = CODES;
        Vector more = MORE_CODES;
        a.vmulps(codes, first, inverse);
        a.vmulps(more, second, inverse);
        a.vcvtps2dq(codes, codes);
        a.vcvtps2dq(more, more);
        a.vpmovdb(Address.at(records, 0), codes);
        a.vpmovdb(Address.at(records, 16), more);
        sums(codes, more);
        words(scale, records);
    }

    /** The largest magnitude in all lanes of {@code to}. */
    private void largest(Vector first, Vector second, Vector to, Vector other) {
        a.vpandd(to, first, ABS);
        a.vpandd(other, second, ABS);
        a.vmaxps(to, to, other);
        Lanes.greatest(a, to, other);
    }

    /** Leaves the first 16's sum in all lanes of YMM6, the last 16's in those of YMM7, both in YMM8. */
    private void sums(Vector codes, Vector more) {
        Vector halves = zmm(6);
        Vector other = zmm(7);
        a.vshuff64x2(halves, codes, more, 0x44);
        a.vshuff64x2(other, codes, more, 0xee);
        a.vpaddd(halves, halves, other);
        a.vshuff64x2(other, halves, halves, SWAP_NEIGHBOURS);
        a.vpaddd(halves, halves, other);
        a.vpermilps(other, halves, SWAP_HALVES);
        a.vpaddd(halves, halves, other);
        a.vpermilps(other, halves, SWAP_NEIGHBOURS);
        a.vpaddd(halves, halves, other);
        a.vshuff64x2(other, halves, halves, SWAP_HALVES);
        a.vpaddd(zmm(8), halves, other);
    }

    private void words(Vector scale, Gpr records) {
        Vector words = ymm(9);
        a.vpmulld(words, ymm(6), Address.at(Gpr.R8, 0));
        a.vpmulld(ymm(10), ymm(7), Address.at(Gpr.R8, 32));
        a.vpaddd(words, words, ymm(10));
        a.vpmulld(ymm(10), ymm(8), Address.at(Gpr.R8, 64));
        a.vpaddd(words, words, ymm(10));
        a.vcvtdq2ps(ymm(8), ymm(8));
        a.vmovaps(words, 5, ymm(scale.number()));
        a.vmulps(words, 6, ymm(scale.number()), ymm(8));
        a.vmovups(Address.at(records, ActivationRecord.SCALE), words);
    }
}
