package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;
import ai.realm.core.kernel.machine.WeightLayout.Codes;
import ai.realm.core.kernel.machine.WeightLayout.Scales;
import ai.realm.core.kernel.quant.BlockCodes;

/**
 * Emits what brings a whole group of rows from a file's order into that of a {@link WeightLayout}, for AVX-512: of types whose codes need no other
 * order within a row, and whose blocks begin with their scales. The function takes
 *
 * <table>
 * <caption>System V's registers</caption>
 * <tr><td>RDI</td><td>the first row's first block</td></tr>
 * <tr><td>RSI</td><td>where the block goes</td></tr>
 * <tr><td>RDX</td><td>a table of 32-bit numbers: bytes from the first row to each</td></tr>
 * <tr><td>RCX</td><td>how many blocks, at least one</td></tr>
 * </table>
 */
final class PackCode {
    /** Blocks of one call, which the collector may wait for. */
    static final int BLOCKS = 128;

    private static final Vector[] ROWS = {zmm(16), zmm(17)};
    private static final Vector FLIP = zmm(18);
    private static final int ALL = 1;

    private PackCode() {
    }

    static boolean has(WeightLayout layout) {
        return BlockCodes.hasWords(layout.type) && !layout.scales.isSuper() && layout != WeightLayout.MXFP4;
    }

    static Assembler emit(WeightLayout layout) {
        Assembler a = new Assembler();
        int scales = layout.scales == Scales.HALF_MIN ? 4 : 2;
        Label loop = new Label();
        a.mov32(Gpr.R10, 0xffff);
        Lanes.all(a, FLIP, 0x80808080);
        for (int half = 0; half < 2; half++) {
            a.vmovups(ROWS[half], Address.at(Gpr.RDX, 64 * half));
        }
        a.place(loop);
        for (int half = 0; half < 2; half++) {
            a.kmovw(ALL, Gpr.R10);
            a.vgatherdps(zmm(0), ALL, Gpr.RDI, ROWS[half]);
            a.vpmovdw(Address.at(Gpr.RSI, layout.codes.bytes() + 32 * half), zmm(0));
            if (scales == 4) {
                a.vpsrld(zmm(0), zmm(0), 16);
                a.vpmovdw(Address.at(Gpr.RSI, layout.codes.bytes() + 64 + 32 * half), zmm(0));
            }
        }
        a.mov(Gpr.RAX, Gpr.RDI);
        a.add(Gpr.RAX, scales);
        for (int word = 0; word < layout.codes.bits; word++) {
            for (int half = 0; half < 2; half++) {
                a.kmovw(ALL, Gpr.R10);
                a.vgatherdps(zmm(half), ALL, Gpr.RAX, ROWS[half]);
                if (layout.codes == Codes.BYTE) {
                    a.vpxord(zmm(half), zmm(half), FLIP);
                }
                a.vmovups(Address.at(Gpr.RSI, 128 * word + 64 * half), zmm(half));
            }
            a.add(Gpr.RAX, 4);
        }
        a.add(Gpr.RDI, layout.type.blockBytes());
        a.add(Gpr.RSI, layout.blockBytes());
        a.sub(Gpr.RCX, 1);
        a.jump(Condition.G, loop);
        a.vzeroupper();
        a.ret();
        return a;
    }
}
