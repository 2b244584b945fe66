package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;

/** What functions of rows are made of: loops over whole vectors and the lanes of a last one, sums, and e to the power of x from register 19 on. */
abstract class RowLoops {
    private static final int UNROLL = 4;
    private static final int TAIL = 1;

    final Assembler a = new Assembler();
    final ExpCode exp = new ExpCode(a, 19);

    /** One vector's part of a loop. */
    @FunctionalInterface
    interface Body {
        /** @param lane the number of the vector in an unrolled step; mask 0 is for all lanes */
        void emit(int lane, int mask);
    }

    final void begin() {
        a.add(Gpr.RDI, Gpr.RSI);
        a.add(Gpr.RDX, Gpr.RCX);
    }

    /** Whole vectors into R10, the mask of the rest into RAX and the mask register. */
    final void length(Gpr from) {
        a.mov(Gpr.RAX, from);
        a.shr(Gpr.RAX, 32);
        a.kmovw(TAIL, Gpr.RAX);
        a.mov32(Gpr.R10, from);
    }

    final void one(Body body, Gpr... rows) {
        loop(1, body, rows);
    }

    final void loop(Body body, Gpr... rows) {
        loop(UNROLL, body, rows);
    }

    /** Goes through rows: many vectors a step while there are, then one, then the lanes that are left. */
    final void loop(int unroll, Body body, Gpr... rows) {
        Label many = new Label();
        Label single = new Label();
        Label tail = new Label();
        Label end = new Label();
        if (unroll > 1) {
            a.place(many);
            a.cmp(Gpr.R10, unroll);
            a.jump(Condition.L, single);
            for (int lane = 0; lane < unroll; lane++) {
                body.emit(lane, 0);
            }
            advance(unroll, rows);
            a.jump(many);
        }
        a.place(single);
        a.cmp(Gpr.R10, 1);
        a.jump(Condition.L, tail);
        body.emit(0, 0);
        advance(1, rows);
        a.jump(single);
        a.place(tail);
        a.test(Gpr.RAX, Gpr.RAX);
        a.jump(Condition.Z, end);
        body.emit(0, TAIL);
        a.place(end);
    }

    final void advance(int vectors, Gpr... rows) {
        for (Gpr row : rows) {
            a.add(row, 64 * vectors);
        }
        a.sub(Gpr.R10, vectors);
    }

    final void load(Vector to, Gpr row, int lane, int mask) {
        if (mask == 0) {
            a.vmovups(to, Address.at(row, 64 * lane));
        } else {
            a.vmovups(to, mask, Address.at(row, 64 * lane));
        }
    }

    final void store(Gpr row, int lane, int mask, Vector from) {
        if (mask == 0) {
            a.vmovups(Address.at(row, 64 * lane), from);
        } else {
            a.vmovups(Address.at(row, 64 * lane), mask, from);
        }
    }

    final void sums() {
        for (int i = 0; i < UNROLL; i++) {
            Lanes.zero(a, zmm(i));
        }
    }

    /** The sum of all four in each lane of ZMM0. */
    final void joinSums() {
        a.vaddps(zmm(0), zmm(0), zmm(2));
        a.vaddps(zmm(1), zmm(1), zmm(3));
        a.vaddps(zmm(0), zmm(0), zmm(1));
        Lanes.sum(a, zmm(0), zmm(1));
    }

    final Assembler end() {
        a.vzeroupper();
        a.ret();
        return a;
    }
}
