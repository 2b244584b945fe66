package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;

/**
 * Emits attention of many query rows, as of a prompt: lanes are query rows, up to four vectors of them, so that keys and values are broadcast as
 * they lie, as floats, and the softmax never sums across lanes.
 */
final class ManyQueriesCode {
    /** Vectors of query rows at most. */
    static final int VECTORS = 4;
    /** Outputs of a step at most, by the registers that there are. */
    static final int TOGETHER = 6;

    private ManyQueriesCode() {
    }

    /**
     * A product: {@code c[j][rows] = sum over k of a[k][rows] * b[j, k]}, or {@code +=}. RDI: a, RSI: b, RDX: c; RCX: how many k, R8: bytes from a j to
     * the next in b, and from bit 32 from a k; R9: how many steps of {@code together} j.
     */
    static Assembler product(int vectors, int together, boolean add) {
        Assembler a = new Assembler();
        a.push(Gpr.RBX);
        a.push(Gpr.RBP);
        a.mov(Gpr.RAX, Gpr.R8);
        a.shr(Gpr.RAX, 32);
        a.mov32(Gpr.R8, Gpr.R8);
        Label steps = new Label();
        a.place(steps);
        for (int j = 0; j < together; j++) {
            for (int v = 0; v < vectors; v++) {
                if (add) {
                    a.vmovups(zmm(j * VECTORS + v), Address.at(Gpr.RDX, 64 * (j * vectors + v)));
                } else {
                    Lanes.zero(a, zmm(j * VECTORS + v));
                }
            }
        }
        a.mov(Gpr.R10, Gpr.RSI);
        a.lea(Gpr.R11, Address.at(Gpr.RSI, Gpr.R8, 2, 0));
        a.add(Gpr.R11, Gpr.R8);
        a.mov(Gpr.RBX, Gpr.RDI);
        a.mov(Gpr.RBP, Gpr.RCX);
        Label along = new Label();
        a.place(along);
        for (int v = 0; v < vectors; v++) {
            a.vmovups(zmm(24 + v), Address.at(Gpr.RBX, 64 * v));
        }
        for (int j = 0; j < together; j++) {
            Gpr base = j < 3 ? Gpr.R10 : Gpr.R11;
            a.vpbroadcastd(zmm(28 + j % 2), j % 3 == 0 ? Address.at(base, 0) : Address.at(base, Gpr.R8, j % 3, 0));
            for (int v = 0; v < vectors; v++) {
                a.vfmadd231ps(zmm(j * VECTORS + v), zmm(24 + v), zmm(28 + j % 2));
            }
        }
        a.add(Gpr.RBX, 64 * vectors);
        a.add(Gpr.R10, Gpr.RAX);
        a.add(Gpr.R11, Gpr.RAX);
        a.sub(Gpr.RBP, 1);
        a.jump(Condition.G, along);
        for (int j = 0; j < together; j++) {
            for (int v = 0; v < vectors; v++) {
                a.vmovups(Address.at(Gpr.RDX, 64 * (j * vectors + v)), zmm(j * VECTORS + v));
            }
            a.add(Gpr.RSI, Gpr.R8);
        }
        a.add(Gpr.RDX, 64 * vectors * together);
        a.sub(Gpr.R9, 1);
        a.jump(Condition.G, steps);
        a.pop(Gpr.RBP);
        a.pop(Gpr.RBX);
        a.vzeroupper();
        a.ret();
        return a;
    }

    /**
     * Rows to columns: {@code to[i][lane] = factor[i] * from[lane][i]}.
     *
     * <table>
     * <caption>Where what lies</caption>
     * <tr><td>RDI, RSI</td><td>where to: a base and a number of bytes</td></tr>
     * <tr><td>RDX, RCX</td><td>where from, the same</td></tr>
     * <tr><td>R8</td><td>how many i, from bit 16 the mask of the lanes, from bit 32 the bytes from an i to the next in {@code to}</td></tr>
     * <tr><td>R9</td><td>the bytes from a lane to the next in {@code from}</td></tr>
     * <tr><td>stack</td><td>the address of the first factor, and the bytes from it to the next</td></tr>
     * </table>
     */
    static Assembler transpose() {
        Assembler a = new Assembler();
        a.mov(Gpr.R10, Address.at(Gpr.RSP, 8));
        a.mov(Gpr.R11, Address.at(Gpr.RSP, 16));
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
        a.mov(Gpr.RCX, Gpr.R8);
        a.shr(Gpr.RCX, 16);
        a.mov(Gpr.RAX, Gpr.R8);
        a.shl(Gpr.RAX, 48);
        a.shr(Gpr.RAX, 48);
        a.shr(Gpr.R8, 32);
        // The lanes' offsets: sixteen stores below the stack, where a function that calls none may write.
        a.mov32(Gpr.RSI, 0);
        for (int lane = 0; lane < 16; lane++) {
            a.mov32(Address.at(Gpr.RSP, 4 * lane - 64), Gpr.RSI);
            a.add(Gpr.RSI, Gpr.R9);
        }
        a.vmovups(zmm(1), Address.at(Gpr.RSP, -64));
        Label loop = new Label();
        a.place(loop);
        Lanes.zero(a, zmm(0));
        a.kmovw(1, Gpr.RCX);
        a.vgatherdps(zmm(0), 1, Gpr.RDX, zmm(1));
        a.vmulps1(zmm(0), zmm(0), Address.at(Gpr.R10, 0));
        a.vmovups(Address.at(Gpr.RDI, 0), zmm(0));
        a.add(Gpr.RDX, 4);
        a.add(Gpr.RDI, Gpr.R8);
        a.add(Gpr.R10, Gpr.R11);
        a.sub(Gpr.RAX, 1);
        a.jump(Condition.G, loop);
        a.vzeroupper();
        a.ret();
        return a;
    }

    /** {@code c[i][rows] *= factor[rows]}. RDI: c, RSI: the factors, RDX: how many i. */
    static Assembler rescale(int vectors) {
        Assembler a = new Assembler();
        for (int v = 0; v < vectors; v++) {
            a.vmovups(zmm(v), Address.at(Gpr.RSI, 64 * v));
        }
        Label loop = new Label();
        a.place(loop);
        for (int v = 0; v < vectors; v++) {
            a.vmulps(zmm(8 + v), zmm(v), Address.at(Gpr.RDI, 64 * v));
            a.vmovups(Address.at(Gpr.RDI, 64 * v), zmm(8 + v));
        }
        a.add(Gpr.RDI, 64 * vectors);
        a.sub(Gpr.RDX, 1);
        a.jump(Condition.G, loop);
        a.vzeroupper();
        a.ret();
        return a;
    }
}
