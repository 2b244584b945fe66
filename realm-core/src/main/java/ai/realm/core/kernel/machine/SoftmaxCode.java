package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.xmm;
import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;

/**
 * Emits a step of the running softmax (arXiv 1805.02867): scores of some positions become weights, and a row's greatest score, the sum of its weights
 * and the factor of what was gathered before are brought up to date. These three lie {@link #STATE_STRIDE} bytes apart, and behind them, in the form
 * for many rows, the first position that a row sees and the end of those.
 */
final class SoftmaxCode {
    static final int STATE_STRIDE = 256;
    /** A score that weighs nothing. */
    static final float MASKED = -3e38f;
    private static final Vector MAX = zmm(16);
    private static final Vector SUM = zmm(17);
    private static final Vector SCALE = zmm(18);
    private static final Vector FACTOR = zmm(3);

    private final Assembler a = new Assembler();
    private final ExpCode exp = new ExpCode(a, 19);

    private SoftmaxCode() {
    }

    /** One row, its positions are lanes. RDI: the scores, RSI: the row's maximum, RDX: how many vectors, RCX: what scores are multiplied with. */
    static Assembler row() {
        SoftmaxCode c = new SoftmaxCode();
        c.rowCode();
        return c.a;
    }

    private void rowCode() {
        exp.begin();
        a.vpbroadcastd(SCALE, Gpr.RCX);
        a.vpbroadcastd(MAX, Address.at(Gpr.RSI, 0));
        a.vmovdqa32(FACTOR, MAX);
        a.mov(Gpr.R8, Gpr.RDI);
        a.mov(Gpr.R9, Gpr.RDX);
        Label greatest = new Label();
        a.place(greatest);
        a.vmulps(zmm(0), SCALE, Address.at(Gpr.R8, 0));
        a.vmaxps(MAX, zmm(0), MAX);
        a.add(Gpr.R8, 64);
        a.sub(Gpr.R9, 1);
        a.jump(Condition.G, greatest);
        Lanes.greatest(a, MAX, zmm(0));
        Lanes.zero(a, SUM);
        Label weights = new Label();
        a.place(weights);
        a.vmulps(zmm(0), SCALE, Address.at(Gpr.RDI, 0));
        a.vsubps(zmm(0), zmm(0), MAX);
        exp.exp(zmm(0), zmm(1), zmm(2));
        a.vaddps(SUM, SUM, zmm(0));
        a.vmovups(Address.at(Gpr.RDI, 0), zmm(0));
        a.add(Gpr.RDI, 64);
        a.sub(Gpr.RDX, 1);
        a.jump(Condition.G, weights);
        Lanes.sum(a, SUM, zmm(0));
        factor();
        a.vpbroadcastd(zmm(0), Address.at(Gpr.RSI, STATE_STRIDE));
        a.vfmadd213ps(zmm(0), FACTOR, SUM);
        a.mov32(Gpr.RAX, 1);
        a.kmovw(1, Gpr.RAX);
        a.vmovups(Address.at(Gpr.RSI, 0), 1, xmm(MAX.number()));
        a.vmovups(Address.at(Gpr.RSI, STATE_STRIDE), 1, xmm(0));
        a.vmovups(Address.at(Gpr.RSI, 2 * STATE_STRIDE), 1, xmm(FACTOR.number()));
        a.vzeroupper();
        a.ret();
    }

    /** From the maximum before to what that which was gathered by it is worth now. */
    private void factor() {
        a.vsubps(FACTOR, FACTOR, MAX);
        exp.exp(FACTOR, zmm(1), zmm(2));
    }

    /**
     * Sixteen rows, which are lanes. RDI: the first position's scores, RSI: the rows' maxima, RDX: how many positions, RCX: the first of them, R8: bytes
     * from a position's scores to the next one's, R9: what scores are multiplied with.
     */
    static Assembler columns() {
        SoftmaxCode c = new SoftmaxCode();
        c.columnCode();
        return c.a;
    }

    private void columnCode() {
        Vector from = zmm(8);
        Vector to = zmm(9);
        Vector position = zmm(10);
        Vector masked = zmm(11);
        exp.begin();
        Lanes.all(a, masked, MASKED);
        a.vpbroadcastd(SCALE, Gpr.R9);
        a.vmovups(MAX, Address.at(Gpr.RSI, 0));
        a.vmovups(from, Address.at(Gpr.RSI, 3 * STATE_STRIDE));
        a.vmovups(to, Address.at(Gpr.RSI, 4 * STATE_STRIDE));
        a.vmovdqa32(FACTOR, MAX);
        a.mov(Gpr.R10, Gpr.RDI);
        a.mov(Gpr.R11, Gpr.RDX);
        Label greatest = new Label();
        a.place(greatest);
        a.vpbroadcastd(position, Gpr.RCX);
        a.vpcmpd(1, 0, position, from, 5);
        a.vpcmpd(2, 1, position, to, 1);
        a.vmulps(zmm(0), SCALE, Address.at(Gpr.R10, 0));
        a.vmovdqa32(zmm(1), masked);
        a.vmovaps(zmm(1), 2, zmm(0));
        a.vmaxps(MAX, zmm(1), MAX);
        a.vmovups(Address.at(Gpr.R10, 0), zmm(1));
        a.add(Gpr.R10, Gpr.R8);
        a.add(Gpr.RCX, 1);
        a.sub(Gpr.R11, 1);
        a.jump(Condition.G, greatest);
        factor();
        a.vmulps(SUM, FACTOR, Address.at(Gpr.RSI, STATE_STRIDE));
        Label weights = new Label();
        a.place(weights);
        a.vmovups(zmm(0), Address.at(Gpr.RDI, 0));
        a.vsubps(zmm(0), zmm(0), MAX);
        exp.exp(zmm(0), zmm(1), zmm(2));
        a.vaddps(SUM, SUM, zmm(0));
        a.vmovups(Address.at(Gpr.RDI, 0), zmm(0));
        a.add(Gpr.RDI, Gpr.R8);
        a.sub(Gpr.RDX, 1);
        a.jump(Condition.G, weights);
        a.vmovups(Address.at(Gpr.RSI, 0), MAX);
        a.vmovups(Address.at(Gpr.RSI, STATE_STRIDE), SUM);
        a.vmovups(Address.at(Gpr.RSI, 2 * STATE_STRIDE), FACTOR);
        a.vzeroupper();
        a.ret();
    }
}
