package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;
import ai.realm.core.kernel.machine.WeightLayout.Codes;

/**
 * Emits what unpacks a group of {@link WeightLayout#ROWS} rows to signed bytes, as tiles take them: of each block of 32 columns first rows 0 to 15,
 * four columns of each side by side, then rows 16 to 31. The zero of types without minima is taken off. The function takes
 *
 * <table>
 * <caption>System V's registers</caption>
 * <tr><td>RDI</td><td>where the bytes go, {@link #BLOCK_BYTES} for a block</td></tr>
 * <tr><td>RSI</td><td>the group's weights</td></tr>
 * <tr><td>RDX</td><td>blocks, at least one; of types with a scale of 256 columns a multiple of eight</td></tr>
 * </table>
 */
final class PanelCode {
    static final int BLOCK_BYTES = 32 * WeightLayout.ROWS;
    static final int HALF_BYTES = BLOCK_BYTES / 2;

    private static final int OR_OF_AND = 0xf8;
    private static final Vector NIBBLES = zmm(16);
    private static final Vector UPPER = zmm(17);
    private static final Vector ZERO = zmm(18);
    private static final Vector TABLE = zmm(19);
    private static final Vector BITS = zmm(20);

    private final Assembler a = new Assembler();
    private final WeightLayout layout;
    private final Codes codes;

    private PanelCode(WeightLayout layout) {
        this.layout = layout;
        this.codes = layout.codes;
    }

    static Assembler emit(WeightLayout layout) {
        PanelCode code = new PanelCode(layout);
        code.constants();
        code.blocks();
        code.a.vzeroupper();
        code.a.ret();
        return code.a;
    }

    private void constants() {
        Lanes.all(a, NIBBLES, 0x0f0f0f0f);
        Lanes.all(a, UPPER, codes == Codes.FIVE ? 0x10101010 : 0x30303030);
        Lanes.all(a, ZERO, layout.scales.hasMin() ? 0 : 0x01010101 * codes.zero);
        byte[] table = codes.table;
        for (int i = 0; table != null && i < 4; i++) {
            int four = 0;
            for (int k = 0; k < 4; k++) {
                four |= (table[4 * i + k] - codes.zero & 0xff) << 8 * k;
            }
            Lanes.all(a, BITS, four);
            a.mov32(Gpr.RAX, 0x1111 << i);
            a.kmovw(3, Gpr.RAX);
            a.vmovaps(TABLE, 3, BITS);
        }
    }

    private void blocks() {
        Label outer = new Label();
        a.place(outer);
        if (layout.scales.isSuper()) {
            Label inner = new Label();
            a.add(Gpr.RSI, layout.headBytes());
            a.mov32(Gpr.RCX, WeightLayout.SUPER);
            a.place(inner);
            block();
            a.sub(Gpr.RCX, 1);
            a.jump(Condition.G, inner);
            a.sub(Gpr.RDX, WeightLayout.SUPER);
        } else {
            block();
            a.sub(Gpr.RDX, 1);
        }
        a.jump(Condition.G, outer);
    }

    private void block() {
        for (int half = 0; half < 2; half++) {
            for (int quad = 0; quad < 8; quad++) {
                Vector v = zmm(quad % 4);
                int place = codes == Codes.BYTE ? quad : quad % 4;
                a.vmovups(v, Address.at(Gpr.RSI, 128 * place + 64 * half));
                bytes(v, half, quad);
                a.vmovups(Address.at(Gpr.RDI, HALF_BYTES * half + 64 * quad), v);
            }
        }
        a.add(Gpr.RSI, layout.blockBytes());
        a.add(Gpr.RDI, BLOCK_BYTES);
    }

    /** Four columns' codes of 16 rows to what is multiplied. */
    private void bytes(Vector v, int half, int quad) {
        if (codes == Codes.BYTE) {
            a.vpsubb(v, v, ZERO);
            return;
        }
        if (quad >= 4) {
            a.vpsrlw(v, v, 4);
        }
        a.vpandd(v, v, NIBBLES);
        if (codes.table != null) {
            a.vpshufb(v, TABLE, v);
            return;
        }
        if (codes == Codes.FIVE) {
            bits(v, 512 + 64 * half, quad - 4);
        } else if (codes == Codes.SIX) {
            bits(v, 512 + 128 * (quad / 4) + 64 * half, 2 * (quad % 4) - 4);
        }
        if (!layout.scales.hasMin()) {
            a.vpsubb(v, v, ZERO);
        }
    }

    private void bits(Vector to, int at, int right) {
        Address from = Address.at(Gpr.RSI, at);
        if (right > 0) {
            a.vpsrlw(BITS, from, right);
        } else if (right < 0) {
            a.vpsllw(BITS, from, -right);
        } else {
            a.vmovups(BITS, from);
        }
        a.vpternlogd(to, BITS, UPPER, OR_OF_AND);
    }
}
