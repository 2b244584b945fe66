package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.LowRankPanel;
import ai.realm.core.kernel.RowKernels;

/** Emits what an adapter adds to a row, for AVX-512, with the arguments of {@link RowCode}. */
final class LowRankCode extends RowLoops {
    /** Bytes by which panels are fetched before they are needed. */
    private static final int AHEAD = 2048;
    private static final Vector NUMBER = zmm(31);

    private LowRankCode() {
    }

    /**
     * Adds to the second row what an adapter makes of the first: R8 and R9 have the panels, and on the stack lie the lengths of the first and the
     * second row and the bits of the scale. See {@link RowKernels#addLowRank}.
     */
    static Assembler emit(LowRankPanel kind) {
        LowRankCode c = new LowRankCode();
        Assembler a = c.a;
        int rows = LowRankPanel.ROWS;
        int step = LowRankPanel.LANES * rows * kind.numberBytes();
        c.begin();
        a.vpbroadcastd(NUMBER, Address.at(Gpr.RSP, 24));
        a.mov(Gpr.RCX, Gpr.R8);
        a.add(Gpr.R8, LowRankPanel.HEADER);
        a.add(Gpr.R9, LowRankPanel.HEADER);
        a.mov(Gpr.RSI, Address.at(Gpr.RSP, 8));
        c.length(Gpr.RSI);
        for (int r = 0; r < rows; r++) {
            Lanes.zero(a, zmm(r));
        }
        c.one((lane, mask) -> {
            c.load(zmm(30), Gpr.RDI, 0, mask);
            c.ahead(Gpr.R8, step);
            for (int r = 0; r < rows; r++) {
                c.panelNumbers(kind, zmm(rows + r), Gpr.R8, r);
                a.vfmadd231ps(zmm(r), zmm(30), zmm(rows + r));
            }
            a.add(Gpr.R8, step);
        }, Gpr.RDI);
        for (int r = 0; r < rows; r++) {
            Lanes.sum(a, zmm(r), zmm(rows + r));
            a.vpbroadcastd(zmm(rows + r), Address.at(Gpr.RCX, 4 * r));
            a.vmulps(zmm(rows + r), zmm(rows + r), NUMBER);
            a.vmulps(zmm(r), zmm(r), zmm(rows + r));
        }
        a.mov(Gpr.RSI, Address.at(Gpr.RSP, 16));
        c.length(Gpr.RSI);
        c.one((lane, mask) -> {
            c.load(zmm(30), Gpr.RDX, 0, mask);
            c.ahead(Gpr.R9, step);
            for (int r = 0; r < rows; r++) {
                c.panelNumbers(kind, zmm(rows + r), Gpr.R9, r);
                a.vfmadd231ps(zmm(30), zmm(r), zmm(rows + r));
            }
            c.store(Gpr.RDX, 0, mask, zmm(30));
            a.add(Gpr.R9, step);
        }, Gpr.RDX);
        return c.end();
    }

    private void panelNumbers(LowRankPanel kind, Vector to, Gpr panel, int row) {
        Address at = Address.at(panel, LowRankPanel.LANES * kind.numberBytes() * row);
        if (kind == LowRankPanel.HALVES) {
            a.vcvtph2ps(to, at);
        } else {
            a.vpmovsxbd(to, at);
            a.vcvtdq2ps(to, to);
        }
    }

    private void ahead(Gpr panel, int bytes) {
        for (int line = 0; line < bytes; line += 64) {
            a.prefetcht0(Address.at(panel, AHEAD + line));
        }
    }
}
