package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;
import ai.realm.core.kernel.machine.WeightLayout.Codes;
import ai.realm.core.kernel.machine.WeightLayout.Scales;

/**
 * Emits the product of one group of {@link WeightLayout#ROWS} rows with a few tokens, for AVX-512 with VNNI. The function takes
 *
 * <table>
 * <caption>System V's registers</caption>
 * <tr><td>RDI, RSI</td><td>where the first token's outputs begin: a base and a number of bytes</td></tr>
 * <tr><td>RDX</td><td>the group's weights</td></tr>
 * <tr><td>RCX</td><td>the first token's activation records; those of the next follow</td></tr>
 * <tr><td>R8</td><td>blocks of 32 columns in a row, and from bit 32 which of the rows are written</td></tr>
 * <tr><td>R9</td><td>bytes from a token's outputs to the next one's</td></tr>
 * </table>
 *
 * <p>Block by block, the 8-bit products of 32 columns (of 16, where scales are of 16) are added as whole numbers, then as floats: times weight
 * scale times activation scale. So a row and a token give the same bits whatever other tokens a tile has. The rows of a group are the lanes of two
 * vectors. Registers: 0 to 11 the outputs, 12 to 23 whole sums, 24 to 27 weights or scales, 28 an activation or a product of scales, 29 and 30
 * masks or a table, 31 further bits on their way.
 */
final class TileCode {
    /** Most tokens of a tile, by the registers that there are. */
    static final int TOKENS = 6;

    private static final int SUMS = 12;
    private static final Vector[] LOW = {zmm(24), zmm(25)};
    private static final Vector[] HIGH = {zmm(26), zmm(27)};
    private static final Vector ONE = zmm(28);
    private static final Vector NIBBLES = zmm(29);
    private static final Vector UPPER = zmm(30);
    private static final Vector BITS = zmm(31);
    private static final int QUADS = 8;
    /** {@code to | a & b}. */
    private static final int OR_OF_AND = 0xf8;
    /** How far ahead weights are fetched while they are read once, in bytes: some hundred nanoseconds of one thread's share of memory. */
    private static final int AHEAD = 3072;
    /** Tiles of so few tokens wait for memory; larger ones find the weights in the caches. */
    private static final int FETCH_TOKENS = 4;

    private final Assembler a = new Assembler();
    private final WeightLayout layout;
    private final Codes codes;
    private final int tokens;
    /** Whether sums are added to what the outputs have. */
    private final boolean add;
    /** Sums of one row vector and token that are added at the end: a long chain of additions would wait for each. */
    private final int chains;

    private TileCode(WeightLayout layout, int tokens, boolean add) {
        this.add = add;
        this.layout = layout;
        this.codes = layout.codes;
        this.tokens = tokens;
        this.chains = tokens == 1 ? 4 : tokens <= 3 ? 2 : 1;
    }

    /** The function for a layout and 1 to {@link #TOKENS} tokens; with {@code add} it adds to what the outputs have. */
    static Assembler emit(WeightLayout layout, int tokens, boolean add) {
        if (tokens < 1 || tokens > TOKENS) {
            throw new IllegalArgumentException("a tile has 1 to " + TOKENS + " tokens, not " + tokens);
        }
        TileCode code = new TileCode(layout, tokens, add);
        code.begin();
        code.blocks();
        code.end();
        return code.a;
    }

    private Vector out(int token, int half) {
        return zmm(2 * token + half);
    }

    private Vector sum(int token, int half, int chain) {
        return zmm(SUMS + 2 * (token * chains + chain) + half);
    }

    /** Where a token's record has something. */
    private Address activation(int token, int at) {
        Gpr base = token < 3 ? Gpr.RCX : Gpr.R10;
        return token % 3 == 0 ? Address.at(base, at) : Address.at(base, Gpr.RAX, token % 3, at);
    }

    private static Address weights(int at) {
        return Address.at(Gpr.RDX, at);
    }

    private void begin() {
        a.add(Gpr.RDI, Gpr.RSI);
        a.mov(Gpr.RAX, Gpr.R8);
        a.shr(Gpr.RAX, 32);
        a.kmovw(1, Gpr.RAX);
        a.shr(Gpr.RAX, 16);
        a.kmovw(2, Gpr.RAX);
        a.mov32(Gpr.R8, Gpr.R8);
        a.mov(Gpr.RAX, Gpr.R8);
        a.shl(Gpr.RAX, Integer.numberOfTrailingZeros(ActivationRecord.BYTES));
        if (tokens > 3) {
            a.lea(Gpr.R10, Address.at(Gpr.RCX, Gpr.RAX, 2, 0));
            a.add(Gpr.R10, Gpr.RAX);
        }
        if (codes != Codes.BYTE) {
            all(NIBBLES, 0x0f0f0f0f);
        }
        if (codes.table != null) {
            table(codes.table);
        } else if (codes == Codes.FIVE) {
            all(UPPER, 0x10101010);
        } else if (codes == Codes.SIX) {
            all(UPPER, 0x30303030);
        }
        a.mov(Gpr.R11, Gpr.RDI);
        for (int t = 0; t < tokens; t++) {
            for (int half = 0; half < 2; half++) {
                if (add) {
                    a.vmovups(out(t, half), 1 + half, Address.at(Gpr.R11, 64 * half));
                } else {
                    zero(out(t, half));
                }
            }
            if (add) {
                a.add(Gpr.R11, Gpr.R9);
            }
        }
    }

    /** The table in each 128 bits of {@link #UPPER}, four bytes after the other; changes {@link #BITS}. */
    private void table(byte[] bytes) {
        for (int i = 0; i < 4; i++) {
            all(BITS, bytes[4 * i] & 0xff | (bytes[4 * i + 1] & 0xff) << 8 | (bytes[4 * i + 2] & 0xff) << 16
                    | bytes[4 * i + 3] << 24);
            a.mov32(Gpr.R11, 0x1111 << i);
            a.kmovw(3, Gpr.R11);
            a.vmovaps(UPPER, 3, BITS);
        }
    }

    private void all(Vector to, int value) {
        a.mov32(Gpr.R11, value);
        a.vpbroadcastd(to, Gpr.R11);
    }

    private void zero(Vector v) {
        a.vpxord(v, v, v);
    }

    private void blocks() {
        Label outer = new Label();
        if (!layout.scales.isSuper()) {
            a.place(outer);
            block();
            a.sub(Gpr.R8, 1);
            a.jump(Condition.G, outer);
            return;
        }
        Label inner = new Label();
        a.place(outer);
        a.mov(Gpr.RSI, Gpr.RDX);
        a.add(Gpr.RDX, layout.headBytes());
        a.mov32(Gpr.R11, WeightLayout.SUPER);
        a.place(inner);
        block();
        a.sub(Gpr.R11, 1);
        a.jump(Condition.G, inner);
        a.sub(Gpr.R8, WeightLayout.SUPER);
        a.jump(Condition.G, outer);
    }

    private void block() {
        if (tokens <= FETCH_TOKENS) {
            for (int at = 0; at < layout.blockBytes(); at += 64) {
                a.prefetcht0(weights(AHEAD + at));
            }
        }
        if (layout.scales == Scales.SUPER_16) {
            for (int part = 0; part < 2; part++) {
                start(part == 0 ? ActivationRecord.FIRST_HALF_32 : ActivationRecord.SECOND_HALF_32);
                for (int p = 0; p < QUADS / 2; p++) {
                    quad(p, part);
                }
                join();
                scales(part);
                addUp();
            }
        } else {
            start(codes.start);
            if (codes == Codes.BYTE) {
                for (int p = 0; p < QUADS; p++) {
                    byteQuad(p);
                }
            } else {
                for (int p = 0; p < QUADS / 2; p++) {
                    quadPair(p);
                }
            }
            join();
            scales(0);
            addUp();
        }
        a.add(Gpr.RDX, layout.blockBytes());
        a.add(Gpr.RCX, ActivationRecord.BYTES);
        if (tokens > 3) {
            a.add(Gpr.R10, ActivationRecord.BYTES);
        }
    }

    /** Sums begin with what takes off the codes' zero. */
    private void start(int at) {
        for (int t = 0; t < tokens; t++) {
            for (int half = 0; half < 2; half++) {
                if (layout.scales.hasMin()) {
                    zero(sum(t, half, 0));
                } else {
                    a.vpbroadcastd(sum(t, half, 0), activation(t, at));
                }
                for (int c = 1; c < chains; c++) {
                    zero(sum(t, half, c));
                }
            }
        }
    }

    private void multiply(Vector[] codes, int column, int chain) {
        for (int t = 0; t < tokens; t++) {
            a.vpbroadcastd(ONE, activation(t, column));
            for (int half = 0; half < 2; half++) {
                a.vpdpbusd(sum(t, half, chain % chains), codes[half], ONE);
            }
        }
    }

    private void byteQuad(int p) {
        for (int half = 0; half < 2; half++) {
            a.vmovups(LOW[half], weights(128 * p + 64 * half));
        }
        multiply(LOW, 4 * p, p);
    }

    /** Columns {@code 4p} and up and those 16 further: the lower and the upper four bits of the same bytes. */
    private void quadPair(int p) {
        for (int half = 0; half < 2; half++) {
            a.vmovups(LOW[half], weights(128 * p + 64 * half));
            a.vpsrlw(HIGH[half], LOW[half], 4);
            a.vpandd(LOW[half], LOW[half], NIBBLES);
            a.vpandd(HIGH[half], HIGH[half], NIBBLES);
            if (codes.table != null) {
                a.vpshufb(LOW[half], UPPER, LOW[half]);
                a.vpshufb(HIGH[half], UPPER, HIGH[half]);
            } else if (codes == Codes.FIVE) {
                fifth(LOW[half], half, p);
                fifth(HIGH[half], half, p + 4);
            }
        }
        multiply(LOW, 4 * p, 2 * p);
        multiply(HIGH, 16 + 4 * p, 2 * p + 1);
    }

    private void fifth(Vector to, int half, int bit) {
        shifted(weights(512 + 64 * half), bit - 4);
        a.vpternlogd(to, BITS, UPPER, OR_OF_AND);
    }

    /** Four columns of the first or of the last 16, with two bits more. */
    private void quad(int p, int part) {
        for (int half = 0; half < 2; half++) {
            if (part == 0) {
                a.vpandd(LOW[half], NIBBLES, weights(128 * p + 64 * half));
            } else {
                a.vpsrlw(LOW[half], weights(128 * p + 64 * half), 4);
                a.vpandd(LOW[half], LOW[half], NIBBLES);
            }
            if (codes.table != null) {
                a.vpshufb(LOW[half], UPPER, LOW[half]);
            } else {
                shifted(weights(512 + 128 * part + 64 * half), 2 * p - 4);
                a.vpternlogd(LOW[half], BITS, UPPER, OR_OF_AND);
            }
        }
        multiply(LOW, 16 * part + 4 * p, p);
    }

    /** Loads bits, shifted to the right by a number that may be negative; what comes from a neighbour's byte is masked by the caller. */
    private void shifted(Address from, int right) {
        if (right > 0) {
            a.vpsrlw(BITS, from, right);
        } else if (right < 0) {
            a.vpsllw(BITS, from, -right);
        } else {
            a.vmovups(BITS, from);
        }
    }

    private void join() {
        for (int step = chains / 2; step > 0; step /= 2) {
            for (int t = 0; t < tokens; t++) {
                for (int half = 0; half < 2; half++) {
                    for (int c = 0; c < step; c++) {
                        a.vpaddd(sum(t, half, c), sum(t, half, c), sum(t, half, c + step));
                    }
                }
            }
        }
    }

    /** The rows' scales into {@link #LOW}, their minima into {@link #HIGH}. */
    private void scales(int part) {
        int at = codes.bytes();
        for (int half = 0; half < 2; half++) {
            switch (layout.scales) {
                case HALF -> a.vcvtph2ps(LOW[half], weights(at + 32 * half));
                case HALF_MIN -> {
                    a.vcvtph2ps(LOW[half], weights(at + 32 * half));
                    a.vcvtph2ps(HIGH[half], weights(at + 64 + 32 * half));
                }
                case SUPER_MIN -> {
                    a.vpmovzxbd(LOW[half], weights(at + 16 * half));
                    whole(LOW[half], 32 * half);
                    a.vpmovzxbd(HIGH[half], weights(at + 32 + 16 * half));
                    whole(HIGH[half], 64 + 32 * half);
                }
                case SUPER_32 -> {
                    a.vpmovsxbd(LOW[half], weights(at + 16 * half));
                    whole(LOW[half], 32 * half);
                }
                case SUPER_16 -> {
                    a.vpmovsxbd(LOW[half], weights(at + 32 * part + 16 * half));
                    whole(LOW[half], 32 * half);
                }
            }
        }
    }

    /** Multiplies small scales with those of 256 columns. */
    private void whole(Vector small, int at) {
        a.vcvtdq2ps(small, small);
        a.vcvtph2ps(ONE, Address.at(Gpr.RSI, at));
        a.vmulps(small, small, ONE);
    }

    private void addUp() {
        for (int t = 0; t < tokens; t++) {
            for (int half = 0; half < 2; half++) {
                Vector sum = sum(t, half, 0);
                a.vcvtdq2ps(sum, sum);
                a.vmulps1(ONE, LOW[half], activation(t, ActivationRecord.SCALE));
                a.vfmadd231ps(out(t, half), sum, ONE);
            }
        }
        if (layout.scales == Scales.HALF_MIN) {
            for (int t = 0; t < tokens; t++) {
                for (int half = 0; half < 2; half++) {
                    a.vfmadd231ps1(out(t, half), HIGH[half], activation(t, ActivationRecord.SCALED_SUM));
                }
            }
        } else if (layout.scales == Scales.SUPER_MIN) {
            for (int t = 0; t < tokens; t++) {
                for (int half = 0; half < 2; half++) {
                    a.vfnmadd231ps1(out(t, half), HIGH[half], activation(t, ActivationRecord.SCALED_SUM));
                }
            }
        }
    }

    private void end() {
        for (int t = 0; t < tokens; t++) {
            for (int half = 0; half < 2; half++) {
                a.vmovups(Address.at(Gpr.RDI, 64 * half), 1 + half, out(t, half));
            }
            if (t + 1 < tokens) {
                a.add(Gpr.RDI, Gpr.R9);
            }
        }
        a.vzeroupper();
        a.ret();
    }
}
