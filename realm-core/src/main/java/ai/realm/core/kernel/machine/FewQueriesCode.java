package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.xmm;
import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.KvType;
import ai.realm.core.kernel.machine.InstructionBuffer.Condition;
import ai.realm.core.kernel.machine.InstructionBuffer.Label;

/**
 * Emits attention of one to four query rows, as while decoding: lanes are numbers of a head. Scores and weights of a row are {@link #STRIDE} bytes
 * from those of the next one. Keys and values are those of positions that follow each other.
 */
final class FewQueriesCode {
    /** Query rows of a call at most, by the registers that there are. */
    static final int ROWS = 4;
    /** Positions whose scores a row has room for. */
    static final int POSITIONS = 256;
    static final int STRIDE = 4 * POSITIONS;
    /** Positions whose products are under way at the same time. */
    private static final int TOGETHER = 4;
    private static final int LOADED = 16;
    private static final Vector QUERY = zmm(20);
    private static final Vector SCALE = zmm(21);
    private static final int ONE_LANE = 1;

    private final Assembler a = new Assembler();
    private final KvLoads loads;
    private final int rows;

    private FewQueriesCode(KvType type, int rows) {
        this.loads = new KvLoads(a, type);
        this.rows = rows;
    }

    /**
     * Inner products of queries with keys.
     *
     * <table>
     * <caption>Where what lies</caption>
     * <tr><td>RDI, RSI</td><td>the first query: a base and a number of bytes</td></tr>
     * <tr><td>RDX</td><td>the first key</td></tr>
     * <tr><td>RCX</td><td>how many, and from bit 32 the bytes of a key</td></tr>
     * <tr><td>R8</td><td>the first row's first score</td></tr>
     * <tr><td>R9</td><td>the bytes of a query</td></tr>
     * </table>
     */
    static Assembler scores(KvType type, int rows) {
        FewQueriesCode c = new FewQueriesCode(type, rows);
        c.scores();
        return c.a;
    }

    private void scores() {
        a.push(Gpr.RBX);
        a.push(Gpr.RBP);
        a.add(Gpr.RDI, Gpr.RSI);
        a.mov(Gpr.R10, Gpr.RCX);
        a.shr(Gpr.R10, 32);
        a.mov32(Gpr.RCX, Gpr.RCX);
        a.mov32(Gpr.RAX, 1);
        a.kmovw(ONE_LANE, Gpr.RAX);
        Label many = new Label();
        Label single = new Label();
        Label end = new Label();
        a.place(many);
        a.cmp(Gpr.RCX, TOGETHER);
        a.jump(Condition.L, single);
        positions(TOGETHER);
        a.jump(many);
        a.place(single);
        a.cmp(Gpr.RCX, 1);
        a.jump(Condition.L, end);
        positions(1);
        a.jump(single);
        a.place(end);
        a.pop(Gpr.RBP);
        a.pop(Gpr.RBX);
        a.vzeroupper();
        a.ret();
    }

    private static Vector sum(int row, int position) {
        return zmm(row * TOGETHER + position);
    }

    /** Where a row is that is {@code i} times {@code stride} from {@code base}; of the third on {@code third} is the base. */
    private static Address strided(Gpr base, Gpr third, Gpr stride, int i) {
        return i == 0 ? Address.at(base, 0) : i == 3 ? Address.at(third, 0) : Address.at(base, stride, i, 0);
    }

    /** Goes along the head with RAX and R11 at keys, RBX and RBP at queries. */
    private void positions(int count) {
        for (int r = 0; r < rows; r++) {
            for (int p = 0; p < count; p++) {
                Lanes.zero(a, sum(r, p));
            }
        }
        a.mov(Gpr.RAX, Gpr.RDX);
        third(Gpr.R11, Gpr.RAX, Gpr.R10);
        a.mov(Gpr.RBX, Gpr.RDI);
        third(Gpr.RBP, Gpr.RBX, Gpr.R9);
        a.mov(Gpr.RSI, Gpr.R9);
        Label along = new Label();
        a.place(along);
        for (int v = 0; v < loads.unitVectors(); v++) {
            for (int p = 0; p < count; p++) {
                loads.load(zmm(LOADED + p), strided(Gpr.RAX, Gpr.R11, Gpr.R10, p), v, zmm(SCALE.number() + p));
            }
            for (int r = 0; r < rows; r++) {
                a.vmovups(QUERY, strided(Gpr.RBX, Gpr.RBP, Gpr.R9, r).plus(64 * v));
                for (int p = 0; p < count; p++) {
                    a.vfmadd231ps(sum(r, p), QUERY, zmm(LOADED + p));
                }
            }
        }
        a.add(Gpr.RAX, loads.unitBytes());
        a.add(Gpr.R11, loads.unitBytes());
        a.add(Gpr.RBX, 64 * loads.unitVectors());
        a.add(Gpr.RBP, 64 * loads.unitVectors());
        a.sub(Gpr.RSI, 64 * loads.unitVectors());
        a.jump(Condition.G, along);
        for (int r = 0; r < rows; r++) {
            if (count == TOGETHER) {
                joinFour(r);
            } else {
                Lanes.sum(a, sum(r, 0), QUERY);
                a.vmovups(Address.at(Gpr.R8, r * STRIDE), ONE_LANE, xmm(sum(r, 0).number()));
            }
        }
        a.add(Gpr.R8, 4 * count);
        for (int p = 0; p < count; p++) {
            a.add(Gpr.RDX, Gpr.R10);
        }
        a.sub(Gpr.RCX, count);
    }

    /** {@code to = from + 3 * stride}. */
    private void third(Gpr to, Gpr from, Gpr stride) {
        a.lea(to, Address.at(from, stride, 2, 0));
        a.add(to, stride);
    }

    private void joinFour(int row) {
        Vector s = sum(row, 0);
        Vector t = zmm(LOADED);
        Vector u = zmm(LOADED + 1);
        a.vunpckhps(t, s, sum(row, 1));
        a.vunpcklps(s, s, sum(row, 1));
        a.vaddps(s, s, t);
        a.vunpckhps(t, sum(row, 2), sum(row, 3));
        a.vunpcklps(u, sum(row, 2), sum(row, 3));
        a.vaddps(u, u, t);
        a.vunpckhpd(t, s, u);
        a.vunpcklpd(s, s, u);
        a.vaddps(s, s, t);
        Lanes.foldTo128(a, s, t);
        a.vmovups(Address.at(Gpr.R8, row * STRIDE), xmm(s.number()));
    }

    /**
     * Adds weighed values to rows of results.
     *
     * <table>
     * <caption>Where what lies</caption>
     * <tr><td>RDI</td><td>the first row's first weight</td></tr>
     * <tr><td>RSI</td><td>the first value</td></tr>
     * <tr><td>RDX</td><td>how many, and from bit 32 the bytes of a value</td></tr>
     * <tr><td>RCX, R8</td><td>the first result: a base and a number of bytes</td></tr>
     * <tr><td>R9</td><td>the bytes of a result</td></tr>
     * </table>
     */
    static Assembler values(KvType type, int rows) {
        FewQueriesCode c = new FewQueriesCode(type, rows);
        c.values();
        return c.a;
    }

    private void values() {
        a.push(Gpr.RBX);
        a.push(Gpr.RBP);
        a.add(Gpr.RCX, Gpr.R8);
        a.mov(Gpr.R10, Gpr.RDX);
        a.shr(Gpr.R10, 32);
        a.mov32(Gpr.RDX, Gpr.RDX);
        a.mov(Gpr.RBP, Gpr.R9);
        int wide = 4;
        int narrow = loads.unitVectors();
        Label many = new Label();
        Label few = new Label();
        Label end = new Label();
        a.place(many);
        a.cmp(Gpr.RBP, 64 * wide);
        a.jump(Condition.L, few);
        along(wide);
        a.jump(many);
        a.place(few);
        a.cmp(Gpr.RBP, 64);
        a.jump(Condition.L, end);
        along(narrow);
        a.jump(few);
        a.place(end);
        a.pop(Gpr.RBP);
        a.pop(Gpr.RBX);
        a.vzeroupper();
        a.ret();
    }

    private Vector result(int row, int vector) {
        return zmm(row * 4 + vector);
    }

    /** Some vectors of the head: RAX goes along values, R11 along weights, R8 counts positions. */
    private void along(int vectors) {
        third(Gpr.RBX, Gpr.RCX, Gpr.R9);
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                a.vmovups(result(r, v), strided(Gpr.RCX, Gpr.RBX, Gpr.R9, r).plus(64 * v));
            }
        }
        a.mov(Gpr.RAX, Gpr.RSI);
        a.mov(Gpr.R11, Gpr.RDI);
        a.mov(Gpr.R8, Gpr.RDX);
        Label positions = new Label();
        a.place(positions);
        for (int v = 0; v < vectors; v++) {
            int unit = v / loads.unitVectors();
            loads.load(zmm(LOADED + v), Address.at(Gpr.RAX, unit * loads.unitBytes()), v % loads.unitVectors(), SCALE);
        }
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                a.vfmadd231ps1(result(r, v), zmm(LOADED + v), Address.at(Gpr.R11, r * STRIDE));
            }
        }
        a.add(Gpr.RAX, Gpr.R10);
        a.add(Gpr.R11, 4);
        a.sub(Gpr.R8, 1);
        a.jump(Condition.G, positions);
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                a.vmovups(strided(Gpr.RCX, Gpr.RBX, Gpr.R9, r).plus(64 * v), result(r, v));
            }
        }
        a.add(Gpr.RCX, 64 * vectors);
        a.add(Gpr.RSI, vectors / loads.unitVectors() * loads.unitBytes());
        a.sub(Gpr.RBP, 64 * vectors);
    }
}
