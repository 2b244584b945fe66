package ai.realm.core.kernel.simd;

import java.nio.ByteOrder;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one vector width of this process, chosen when the class loads ({@code -Drealm.vector.bits}, or what the machine prefers,
 * at most 512), as constants that the compiler can fold.
 */
final class Lanes {
    static final int PREFERRED_BITS = Math.min(512, VectorShape.preferredShape().vectorBitSize());
    static final int BITS = Integer.getInteger("realm.vector.bits", PREFERRED_BITS);
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS));
    /** As many shorts as {@link #F} has floats. */
    static final VectorSpecies<Short> HALF_S = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
    /** As many bytes as {@link #F} has floats, or eight, as there are no fewer. */
    static final VectorSpecies<Byte> BYTE_S = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, BITS / 4)));
    /** Floats in a vector. */
    static final int FL = BITS / 32;
    /** Shorts in a vector. */
    static final int SL = BITS / 16;
    /**
     * Whether 32 registers can be counted on, and 16-bit lanes are shifted by a vector of counts in one instruction. AVX2 has none; there a
     * single count goes through a general register.
     */
    static final boolean WIDE = BITS >= 512;
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    static final float TWO_112 = 0x1p112f;
    static final int HALF_BITS = 0x8fffe000;

    private Lanes() {
    }
}
