package ai.realm.core.kernel.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Unaligned little-endian reads from QuantBlocks. */
final class Bytes {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Bytes() {
    }

    static int u8(MemorySegment src, long at) {
        return src.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    static int s8(MemorySegment src, long at) {
        return src.get(ValueLayout.JAVA_BYTE, at);
    }

    static int u16(MemorySegment src, long at) {
        return src.get(SHORT, at) & 0xffff;
    }

    static int i32(MemorySegment src, long at) {
        return src.get(INT, at);
    }

    /** An IEEE half-precision number; the conversion is exact. */
    static float f16(MemorySegment src, long at) {
        return Float.float16ToFloat(src.get(SHORT, at));
    }

    /** A bfloat16 number: the upper half of a float's bits. */
    static float bf16(MemorySegment src, long at) {
        return Float.intBitsToFloat(src.get(SHORT, at) << 16);
    }
}
