package ai.realm.core.kernel.machine;

import static ai.realm.core.kernel.machine.Vector.ymm;
import static ai.realm.core.kernel.machine.Vector.zmm;

import ai.realm.core.kernel.KvType;

/** Emits how keys and values of a {@link KvType} become floats, a unit at a time: as many numbers as share what is loaded for them. */
final class KvLoads {
    private final Assembler a;
    private final KvType type;

    KvLoads(Assembler a, KvType type) {
        this.a = a;
        this.type = type;
    }

    /** Vectors of 16 numbers in a unit. */
    int unitVectors() {
        return vectors(type);
    }

    static int vectors(KvType type) {
        return type == KvType.Q8_0 ? 2 : 1;
    }

    /** Bytes of a unit. */
    int unitBytes() {
        return type.rowBytes(16 * unitVectors());
    }

    /** Whether a head of so many numbers is made of whole units. */
    static boolean fits(KvType type, int dim) {
        return dim > 0 && dim % (16 * vectors(type)) == 0;
    }

    /** The first or second vector of the unit at an address; {@code scale} is kept from the first to the second. */
    void load(Vector to, Address unit, int vector, Vector scale) {
        switch (type) {
            case F32 -> a.vmovups(to, unit);
            case F16 -> a.vcvtph2ps(to, unit);
            case Q8_0 -> {
                if (vector == 0) {
                    a.vpbroadcastw(ymm(scale.number()), unit);
                    a.vcvtph2ps(scale, ymm(scale.number()));
                }
                a.vpmovsxbd(to, unit.plus(2 + 16 * vector));
                a.vcvtdq2ps(to, to);
                a.vmulps(to, to, scale);
            }
        }
    }

    /** Floats of RDX units from RSI on to RDI. */
    static Assembler toFloats(KvType type) {
        Assembler a = new Assembler();
        KvLoads loads = new KvLoads(a, type);
        InstructionBuffer.Label loop = new InstructionBuffer.Label();
        a.place(loop);
        for (int v = 0; v < loads.unitVectors(); v++) {
            loads.load(zmm(v), Address.at(Gpr.RSI, 0), v, zmm(4));
            a.vmovups(Address.at(Gpr.RDI, 64 * v), zmm(v));
        }
        a.add(Gpr.RDI, 64 * loads.unitVectors());
        a.add(Gpr.RSI, loads.unitBytes());
        a.sub(Gpr.RDX, 1);
        a.jump(InstructionBuffer.Condition.G, loop);
        a.vzeroupper();
        a.ret();
        return a;
    }
}
