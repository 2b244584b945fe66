package ai.realm.core.gguf;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The beginning of a GGUF file, version 3: metadata and what tensors there are, whose data follows in the same order, each at a multiple of the
 * alignment. Values keep the types that they had.
 */
public final class GgufWriter {
    private final Map<String, byte[]> keys = new LinkedHashMap<>();
    private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
    private final int alignment;
    private long tensors;
    private long offset;

    /** @param alignment of the tensors' data; a power of two */
    public GgufWriter(int alignment) {
        this.alignment = alignment;
    }

    /** Takes over a key with its value. */
    public void copy(GgufFile from, String key) {
        GgufType type = from.type(key);
        Object value = from.metadata().get(key);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(le(4).putInt(type.ordinal()).array());
        if (value instanceof GgufArray array) {
            out.writeBytes(le(12).putInt(array.elements().ordinal()).putLong(array.size()).array());
            for (int i = 0; i < array.size(); i++) {
                out.writeBytes(value(array.elements(), Array.get(array.values(), i)));
            }
        } else {
            out.writeBytes(value(type, Objects.requireNonNull(value)));
        }
        keys.put(key, out.toByteArray());
    }

    /** Sets a key to a whole number of 32 bits. */
    public void put(String key, int number) {
        keys.put(key, le(8).putInt(GgufType.UINT32.ordinal()).putInt(number).array());
    }

    /** Announces the next tensor; gives the bytes that its data takes without what fills up to the alignment. */
    public long tensor(String name, GgmlType type, Shape shape) {
        long bytes = type.bytesFor(shape.dim(0)) * shape.rows();
        infos.writeBytes(text(name.getBytes(StandardCharsets.UTF_8)));
        infos.writeBytes(le(4).putInt(shape.rank()).array());
        for (int i = 0; i < shape.rank(); i++) {
            infos.writeBytes(le(8).putLong(shape.dim(i)).array());
        }
        infos.writeBytes(le(12).putInt(type.id()).putLong(offset).array());
        offset += padded(bytes);
        tensors++;
        return bytes;
    }

    /** A number of bytes up to the alignment. */
    public long padded(long bytes) {
        return Math.ceilDiv(bytes, alignment) * alignment;
    }

    /** Everything before the first tensor's data. */
    public byte[] beginning() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(le(20).putInt(3).putLong(tensors).putLong(keys.size()).array());
        keys.forEach((key, value) -> {
            out.writeBytes(text(key.getBytes(StandardCharsets.UTF_8)));
            out.writeBytes(value);
        });
        out.writeBytes(infos.toByteArray());
        out.writeBytes(new byte[(int) (padded(out.size()) - out.size())]);
        return out.toByteArray();
    }

    private static byte[] value(GgufType type, Object value) {
        return switch (type) {
            case UINT8, INT8 -> new byte[]{((Number) value).byteValue()};
            case UINT16, INT16 -> le(2).putShort(((Number) value).shortValue()).array();
            case UINT32, INT32 -> le(4).putInt(((Number) value).intValue()).array();
            case UINT64, INT64 -> le(8).putLong(((Number) value).longValue()).array();
            case FLOAT32 -> le(4).putFloat(((Number) value).floatValue()).array();
            case FLOAT64 -> le(8).putDouble(((Number) value).doubleValue()).array();
            case BOOL -> new byte[]{(byte) ((Boolean) value ? 1 : 0)};
            case STRING -> text(value instanceof byte[] raw ? raw : value.toString().getBytes(StandardCharsets.UTF_8));
            case ARRAY -> throw new GgufException("an array of arrays cannot be written", -1);
        };
    }

    private static byte[] text(byte[] bytes) {
        return le(8 + bytes.length).putLong(bytes.length).put(bytes).array();
    }

    private static ByteBuffer le(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
