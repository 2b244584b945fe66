package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;
import ai.realm.core.tensor.GgmlType;
import org.jspecify.annotations.Nullable;

/**
 * Emits the product of {@link #ROWS} rows of plain numbers, as they lie in a file, with a few tokens' floats, for AVX-512. The function takes
 *
 * <table>
 * <caption>System V's registers, then the stack</caption>
 * <tr><td>RDI, RSI</td><td>where the first token's outputs begin: a base and a number of bytes</td></tr>
 * <tr><td>RDX, RCX</td><td>where the first token's numbers begin, likewise</td></tr>
 * <tr><td>R8, R9</td><td>the first row, likewise</td></tr>
 * <tr><td>1</td><td>bytes from a row to the next one; 0 for the same row four times</td></tr>
 * <tr><td>2</td><td>bytes from a token's numbers to the next one's, and from bit 32 from its outputs to the next one's</td></tr>
 * <tr><td>3</td><td>whole vectors of a row, from bit 32 the mask of the lanes of a last one, from bit 48 which of the rows are written</td></tr>
 * </table>
 *
 * <p>Lanes are columns: each row and token has a vector of sums, which are added up at the end, in an order that does not depend on how many
 * there are. Registers: 0 to 23 the sums, 24 to 27 weights, 28 a token's numbers.
 */
final class FloatTileCode {
    static final int ROWS = 4;
    /** Most tokens of a tile, by the registers that there are. */
    static final int TOKENS = 6;

    private static final int TAIL = 1;
    private static final int WRITTEN = 2;
    private static final Vector X = zmm(28);

    private final Assembler a = new Assembler();
    private final Plain type;
    private final int tokens;

    /** How a weight lies in memory. */
    enum Plain {
        F32(4),
        F16(2),
        BF16(2);

        final int bytes;

        Plain(int bytes) {
            this.bytes = bytes;
        }

        /** Null for a type that is dequantized before it is multiplied. */
        static @Nullable Plain of(GgmlType type) {
            return switch (type) {
                case F32 -> F32;
                case F16 -> F16;
                case BF16 -> BF16;
                default -> null;
            };
        }
    }

    private FloatTileCode(Plain type, int tokens) {
        this.type = type;
        this.tokens = tokens;
    }

    static Assembler emit(Plain type, int tokens) {
        if (tokens < 1 || tokens > TOKENS) {
            throw new IllegalArgumentException("a tile has 1 to " + TOKENS + " tokens, not " + tokens);
        }
        FloatTileCode code = new FloatTileCode(type, tokens);
        code.begin();
        code.columns();
        code.end();
        return code.a;
    }

    private Vector sum(int token, int row) {
        return zmm(ROWS * token + row);
    }

    private static Vector weight(int row) {
        return zmm(24 + row);
    }

    private static Address row(int row) {
        return switch (row) {
            case 0 -> Address.at(Gpr.R8, 0);
            case 3 -> Address.at(Gpr.R11, 0);
            default -> Address.at(Gpr.R8, Gpr.R9, row, 0);
        };
    }

    private static Address numbers(int token) {
        Gpr base = token < 3 ? Gpr.RDX : Gpr.R10;
        return token % 3 == 0 ? Address.at(base, 0) : Address.at(base, Gpr.RAX, token % 3, 0);
    }

    private void begin() {
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
        a.add(Gpr.R8, Gpr.R9);
        a.mov(Gpr.R9, Address.at(Gpr.RSP, 8));
        a.mov(Gpr.RSI, Address.at(Gpr.RSP, 16));
        a.mov(Gpr.RCX, Address.at(Gpr.RSP, 24));
        a.mov32(Gpr.RAX, Gpr.RSI);
        a.shr(Gpr.RSI, 32);
        a.mov(Gpr.R11, Gpr.RCX);
        a.shr(Gpr.R11, 32);
        a.kmovw(TAIL, Gpr.R11);
        a.shr(Gpr.R11, 16);
        a.kmovw(WRITTEN, Gpr.R11);
        a.mov32(Gpr.RCX, Gpr.RCX);
        a.lea(Gpr.R11, Address.at(Gpr.R8, Gpr.R9, 2, 0));
        a.add(Gpr.R11, Gpr.R9);
        if (tokens > 3) {
            a.lea(Gpr.R10, Address.at(Gpr.RDX, Gpr.RAX, 2, 0));
            a.add(Gpr.R10, Gpr.RAX);
        }
        for (int i = 0; i < ROWS * tokens; i++) {
            Lanes.zero(a, zmm(i));
        }
    }

    private void columns() {
        Label loop = new Label();
        Label rest = new Label();
        a.place(loop);
        a.cmp(Gpr.RCX, 1);
        a.jump(Condition.L, rest);
        vector(0);
        a.add(Gpr.R8, 16 * type.bytes);
        a.add(Gpr.R11, 16 * type.bytes);
        a.add(Gpr.RDX, 64);
        if (tokens > 3) {
            a.add(Gpr.R10, 64);
        }
        a.sub(Gpr.RCX, 1);
        a.jump(loop);
        a.place(rest);
        // nothing is read for lanes that a mask leaves out, so the last vector may be empty
        vector(TAIL);
    }

    private void vector(int mask) {
        for (int r = 0; r < ROWS; r++) {
            switch (type) {
                case F32 -> a.vmovups(weight(r), mask, row(r));
                case F16 -> a.vcvtph2ps(weight(r), mask, row(r));
                case BF16 -> {
                    a.vpmovzxwd(weight(r), mask, row(r));
                    a.vpslld(weight(r), weight(r), 16);
                }
            }
        }
        for (int t = 0; t < tokens; t++) {
            a.vmovups(X, mask, numbers(t));
            for (int r = 0; r < ROWS; r++) {
                a.vfmadd231ps(sum(t, r), weight(r), X);
            }
        }
    }

    /** Transposes the four rows' sums while it adds them, so that each row's is in a lane. */
    private void end() {
        for (int t = 0; t < tokens; t++) {
            for (int pair = 0; pair < 2; pair++) {
                Vector even = sum(t, 2 * pair);
                Vector odd = sum(t, 2 * pair + 1);
                a.vunpcklps(weight(pair), even, odd);
                a.vunpckhps(even, even, odd);
                a.vaddps(weight(pair), weight(pair), even);
            }
            Vector all = sum(t, 0);
            a.vunpcklpd(all, weight(0), weight(1));
            a.vunpckhpd(weight(0), weight(0), weight(1));
            a.vaddps(all, all, weight(0));
            Lanes.foldTo128(a, all, weight(0));
            a.vmovups(Address.at(Gpr.RDI, 0), WRITTEN, all);
            if (t + 1 < tokens) {
                a.add(Gpr.RDI, Gpr.RSI);
            }
        }
        a.vzeroupper();
        a.ret();
    }
}
