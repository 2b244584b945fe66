package ai.realm.core.gguf;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads GGUF version 2 and 3 through a memory map and checks every length, count and offset against the file before it is
 * used, so that what a header claims costs nothing. Source: the GGUF specification in ggml's docs.
 */
public final class GgufReader {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment in;
    private final long size;
    private long at;

    private GgufReader(MemorySegment in) {
        this.in = in;
        this.size = in.byteSize();
    }

    /** Maps and parses a file; the caller closes the result. */
    public static GgufFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new GgufReader(bytes).read(path, arena);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** Parses a file that is in memory already; the bytes are copied. */
    public static GgufFile parse(byte[] file) {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment bytes = arena.allocate(Math.max(1, file.length), 64).asSlice(0, file.length);
            MemorySegment.copy(file, 0, bytes, ValueLayout.JAVA_BYTE, 0, file.length);
            return new GgufReader(bytes.asReadOnly()).read(null, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private GgufFile read(@Nullable Path path, Arena arena) {
        if (size < 24) {
            throw new GgufException("a GGUF file has at least 24 bytes, not " + size, 0);
        }
        int magic = u32();
        if (magic != 0x46554747) {
            throw new GgufException(String.format("a GGUF file begins with GGUF, not 0x%08x", magic), 0);
        }
        int version = u32();
        if (version != 2 && version != 3) {
            throw new GgufException("GGUF version must be 2 or 3, not " + Integer.toUnsignedString(version), 4);
        }
        long tensorCount = count("tensors", 24);
        long keyCount = count("keys", 13);
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (long i = 0; i < keyCount; i++) {
            long start = at;
            String key = string("key");
            if (metadata.put(key, value(u32(), key)) != null) {
                throw new GgufException("key " + key + " occurs twice", start);
            }
        }
        long alignment = alignment(metadata);
        return new GgufFile(path, version, alignment, metadata, tensors(tensorCount, alignment), size, arena);
    }

    private static long alignment(Map<String, Object> metadata) {
        Object value = metadata.getOrDefault("general.alignment", 32L);
        if (!(value instanceof Long a) || a < 8 || a > 1 << 20 || Long.bitCount(a) != 1) {
            throw new GgufException("general.alignment must be a power of two, 8 or more, not " + value, -1);
        }
        return a;
    }

    private record Info(String name, GgmlType type, Shape shape, long offset, long where) {}

    private Map<String, TensorView> tensors(long count, long alignment) {
        Map<String, Info> infos = new LinkedHashMap<>();
        for (long i = 0; i < count; i++) {
            Info info = info();
            if (infos.put(info.name, info) != null) {
                throw new GgufException("tensor " + info.name + " occurs twice", info.where);
            }
        }
        long data = (at + alignment - 1) & -alignment;
        Map<String, TensorView> out = new LinkedHashMap<>();
        for (Info info : infos.values()) {
            out.put(info.name, view(info, data, alignment));
        }
        return out;
    }

    private TensorView view(Info info, long data, long alignment) {
        if (info.offset % alignment != 0) {
            throw new GgufException(
                    "the offset of tensor " + info.name + " must be a multiple of " + alignment + ", not " + info.offset,
                    info.where);
        }
        long bytes = info.type.bytesFor(info.shape.dim(0)) * info.shape.rows();
        if (info.offset < 0 || data > size || info.offset > size - data || bytes > size - data - info.offset) {
            throw new GgufException("tensor " + info.name + " of " + bytes + " bytes at data offset "
                    + Long.toUnsignedString(info.offset) + " does not fit in a file of " + size + " bytes", info.where);
        }
        return new TensorView(info.name, info.type, info.shape, in.asSlice(data + info.offset, bytes));
    }

    private Info info() {
        long where = at;
        String name = string("tensor name");
        int rank = u32();
        if (rank < 1 || rank > 4) {
            throw new GgufException("tensor " + name + " must have 1 to 4 dimensions, not " + Integer.toUnsignedString(rank),
                    where);
        }
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = u64();
            if (dims[i] < 1) {
                throw new GgufException("tensor " + name + " dimension " + i + " must be at least 1, not " + dims[i], at - 8);
            }
        }
        int typeId = u32();
        GgmlType type = GgmlType.byId(typeId);
        if (type == null) {
            throw new GgufException("tensor " + name + " has unknown type " + Integer.toUnsignedString(typeId), at - 4);
        }
        if (dims[0] % type.blockElements() != 0) {
            throw new GgufException("tensor " + name + " of type " + type + " must have rows of whole blocks of "
                    + type.blockElements() + ", not of " + dims[0], where);
        }
        long offset = u64();
        try {
            Shape shape = new Shape(dims);
            Math.multiplyExact(shape.elements(), 8L);
            return new Info(name, type, shape, offset, where);
        } catch (ArithmeticException e) {
            throw new GgufException("tensor " + name + " has more elements than 2^60", where);
        }
    }

    private Object value(int type, String key) {
        return switch (type) {
            case 0 -> (long) Byte.toUnsignedInt(u8());
            case 1 -> (long) u8();
            case 2 -> (long) Short.toUnsignedInt(u16());
            case 3 -> (long) u16();
            case 4 -> Integer.toUnsignedLong(u32());
            case 5 -> (long) u32();
            case 6 -> (double) Float.intBitsToFloat(u32());
            case 7 -> bool(key);
            case 8 -> string(key);
            case 9 -> array(key);
            case 10, 11 -> u64();
            case 12 -> Double.longBitsToDouble(u64());
            default ->
                throw new GgufException("key " + key + " has unknown value type " + Integer.toUnsignedString(type), at - 4);
        };
    }

    private GgufArray array(String key) {
        long where = at;
        int type = u32();
        if (type == 9 || type < 0 || type > 12) {
            throw new GgufException("array " + key + " must not have elements of type " + Integer.toUnsignedString(type), where);
        }
        int n = (int) count("elements of array " + key, width(type));
        switch (type) {
            case 8 -> {
                byte[][] out = new byte[n][];
                for (int i = 0; i < n; i++) {
                    out[i] = rawString(key);
                }
                return new GgufArray(out);
            }
            case 7 -> {
                boolean[] out = new boolean[n];
                for (int i = 0; i < n; i++) {
                    out[i] = bool(key);
                }
                return new GgufArray(out);
            }
            case 6, 12 -> {
                double[] out = new double[n];
                for (int i = 0; i < n; i++) {
                    out[i] = (Double) value(type, key);
                }
                return new GgufArray(out);
            }
            default -> {
                long[] out = new long[n];
                for (int i = 0; i < n; i++) {
                    out[i] = (Long) value(type, key);
                }
                return new GgufArray(out);
            }
        }
    }

    private static int width(int type) {
        return switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            default -> 8;
        };
    }

    private boolean bool(String key) {
        byte b = u8();
        if (b != 0 && b != 1) {
            throw new GgufException("key " + key + " must be a boolean of 0 or 1, not " + b, at - 1);
        }
        return b == 1;
    }

    private String string(String what) {
        return new String(rawString(what), java.nio.charset.StandardCharsets.UTF_8);
    }

    private byte[] rawString(String what) {
        long where = at;
        long length = u64();
        if (length < 0 || length > size - at) {
            throw new GgufException(
                    what + " claims " + Long.toUnsignedString(length) + " bytes where " + (size - at) + " are left",
                    where);
        }
        byte[] out = in.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
        at += length;
        return out;
    }

    /** A count of things of at least {@code width} bytes each, which therefore cannot exceed what is left of the file. */
    private long count(String what, int width) {
        long where = at;
        long n = u64();
        if (n < 0 || n > (size - at) / width || n > Integer.MAX_VALUE - 8) {
            throw new GgufException("the file claims " + Long.toUnsignedString(n) + " " + what + " where " + (size - at)
                    + " bytes are left", where);
        }
        return n;
    }

    private void need(int n) {
        if (size - at < n) {
            throw new GgufException("the file ends where " + n + " more bytes are wanted", at);
        }
    }

    private byte u8() {
        need(1);
        return in.get(ValueLayout.JAVA_BYTE, at++);
    }

    private short u16() {
        need(2);
        at += 2;
        return in.get(U16, at - 2);
    }

    private int u32() {
        need(4);
        at += 4;
        return in.get(U32, at - 4);
    }

    private long u64() {
        need(8);
        at += 8;
        return in.get(U64, at - 8);
    }
}
