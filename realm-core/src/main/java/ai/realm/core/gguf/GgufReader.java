package ai.realm.core.gguf;

import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.Shape;
import ai.realm.core.tensor.TensorView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads GGUF version 2 and 3 through a memory map and checks every length, count and offset against the file before it is
 * used, so that what a header claims costs nothing; memory is bounded whatever the file holds. Source: the GGUF specification in
 * ggml's docs; tensor data must lie as llama.cpp (de3ff81) demands.
 */
public final class GgufReader {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Far above what any model has; they bound the memory that a hostile file can take. */
    private static final long MAX_METADATA_BYTES = 1 << 28;
    private static final int MAX_ELEMENTS = 1 << 24;
    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 1 << 17;
    /** As the GGUF specification has it, and as llama.cpp does, which ends names with a NUL within 64 bytes. */
    private static final int MAX_KEY_BYTES = 65535;
    private static final int MAX_NAME_BYTES = 63;
    private static final byte[] NO_BYTES = {};

    private final MemorySegment in;
    private final long size;
    /** Where reading of metadata and tensor infos must end. */
    private final long end;
    private long at;
    /** Elements of all arrays so far. */
    private int elements;

    private GgufReader(MemorySegment in) {
        this.in = in;
        this.size = in.byteSize();
        this.end = Math.min(size, MAX_METADATA_BYTES);
    }

    /** The files that a model is read from, by their names: the given one, and where it is the first of several the others. */
    public static List<Path> parts(Path path) {
        return SplitFiles.named(path);
    }

    /**
     * Maps and parses a file, of a model in several files all of them, named by the first; the caller closes the result.
     *
     * @throws GgufException also when a part is missing, another one than its name says, or named in the first one's place
     */
    public static GgufFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            GgufFile first = map(path, arena);
            if (SplitFiles.count(first) <= 1) {
                return first;
            }
            return joined(SplitFiles.all(path, first, part -> map(part, arena)), arena);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static GgufFile map(Path path, Arena arena) throws IOException {
        if (Files.isDirectory(path)) {
            throw new GgufException(path.getFileName() + " is a directory, not a GGUF file", -1);
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            // A pipe would block the reader, a device never end.
            throw new GgufException(path.getFileName() + " is not a regular file", -1);
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new GgufReader(bytes).read(path, arena);
        } catch (NoSuchFileException e) {
            throw new GgufException("there is no file " + path.getFileName(), -1);
        } catch (AccessDeniedException e) {
            throw new GgufException(path.getFileName() + " may not be read", -1);
        }
    }

    /** One file of the metadata of the first part and the tensors of all. */
    private static GgufFile joined(List<GgufFile> parts, Arena arena) {
        GgufFile first = parts.getFirst();
        Map<String, TensorView> tensors = new LinkedHashMap<>();
        long size = 0;
        for (GgufFile part : parts) {
            for (TensorView t : part.tensors().values()) {
                if (tensors.put(t.name(), t) != null) {
                    throw new GgufException("tensor " + t.name() + " is in two of the model's files", -1);
                }
            }
            size += part.size();
        }
        return first.with(tensors, size, arena);
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
            // Not what it begins with: whoever named the file need not be allowed to read it.
            throw new GgufException("a GGUF file begins with GGUF, and this one does not", 0);
        }
        int version = u32();
        if (version != 0 && (version & 0xFFFF) == 0) {
            throw new GgufException("a GGUF file must be little-endian; this one is big-endian", 4);
        }
        if (version != 2 && version != 3) {
            throw new GgufException("GGUF version must be 2 or 3, not " + Integer.toUnsignedString(version), 4);
        }
        long tensorCount = count("tensors", 24, MAX_TENSORS);
        long keyCount = count("keys", 13, MAX_KEYS);
        Map<String, Object> metadata = new LinkedHashMap<>();
        Map<String, GgufType> types = new HashMap<>();
        for (long i = 0; i < keyCount; i++) {
            long start = at;
            String key = name("a key", MAX_KEY_BYTES);
            if (key.isEmpty()) {
                throw new GgufException("a key must not be empty", start);
            }
            int type = u32();
            if (metadata.put(key, value(type, key)) != null) {
                throw new GgufException("key " + key + " occurs twice", start);
            }
            types.put(key, GgufType.of(type));
        }
        long alignment = alignment(metadata, types);
        return new GgufFile(path, version, alignment, metadata, types, tensors(tensorCount, alignment), size, arena);
    }

    private static long alignment(Map<String, Object> metadata, Map<String, GgufType> types) {
        GgufType type = types.getOrDefault("general.alignment", GgufType.UINT32);
        if (type != GgufType.UINT32) {
            throw new GgufException("key general.alignment must be of type uint32, not " + type, -1);
        }
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
        Map<String, TensorView> out = LinkedHashMap.newLinkedHashMap(infos.size());
        long next = 0;
        for (Info info : infos.values()) {
            TensorView view = view(info, data, alignment, next);
            next += (view.data().byteSize() + alignment - 1) & -alignment;
            out.put(info.name, view);
        }
        return out;
    }

    /** The tensor's view; its data must begin at {@code next}, where the data of the tensor before it ends. */
    private TensorView view(Info info, long data, long alignment, long next) {
        if (info.offset % alignment != 0) {
            throw new GgufException("the offset of tensor " + info.name + " must be a multiple of " + alignment + ", not "
                    + Long.toUnsignedString(info.offset), info.where);
        }
        long bytes = info.type.bytesFor(info.shape.dim(0)) * info.shape.rows();
        if (info.offset < 0 || data > size || info.offset > size - data || bytes > size - data - info.offset) {
            throw new GgufException("tensor " + info.name + " of " + bytes + " bytes at data offset "
                    + Long.toUnsignedString(info.offset) + " does not fit in a file of " + size + " bytes", info.where);
        }
        if (info.offset != next) {
            throw new GgufException("tensor data must lie in order without gap or overlap: tensor " + info.name
                    + " must be at data offset " + next + ", not " + info.offset, info.where);
        }
        return new TensorView(info.name, info.type, info.shape, in.asSlice(data + info.offset, bytes));
    }

    private Info info() {
        long where = at;
        String name = name("a tensor name", MAX_NAME_BYTES);
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
            case 0, 1, 2, 3, 4, 5, 10, 11 -> integer(type);
            case 6 -> (double) Float.intBitsToFloat(u32());
            case 7 -> bool(key);
            case 8 -> new String(rawString(key), StandardCharsets.UTF_8);
            case 9 -> array(key);
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
        int n = (int) count("elements of array " + key, width(type), MAX_ELEMENTS - elements);
        elements += n;
        return new GgufArray(switch (type) {
            case 6, 12 -> numbers(type, n);
            case 7 -> booleans(key, n);
            case 8 -> strings(key, n);
            default -> integers(type, n);
        }, GgufType.of(type));
    }

    private byte[][] strings(String key, int n) {
        byte[][] out = new byte[n][];
        for (int i = 0; i < n; i++) {
            out[i] = rawString(key);
        }
        return out;
    }

    private boolean[] booleans(String key, int n) {
        boolean[] out = new boolean[n];
        for (int i = 0; i < n; i++) {
            out[i] = bool(key);
        }
        return out;
    }

    private double[] numbers(int type, int n) {
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = type == 6 ? Float.intBitsToFloat(u32()) : Double.longBitsToDouble(u64());
        }
        return out;
    }

    private long[] integers(int type, int n) {
        long[] out = new long[n];
        for (int i = 0; i < n; i++) {
            out[i] = integer(type);
        }
        return out;
    }

    private long integer(int type) {
        return switch (type) {
            case 0 -> Byte.toUnsignedInt(u8());
            case 1 -> u8();
            case 2 -> Short.toUnsignedInt(u16());
            case 3 -> u16();
            case 4 -> Integer.toUnsignedLong(u32());
            case 5 -> u32();
            default -> u64();
        };
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

    /** A key or a tensor's name: UTF-8 without NUL, as code that compares or prints it expects. */
    private String name(String what, int longest) {
        long where = at;
        byte[] raw = rawString(what);
        if (raw.length > longest) {
            throw new GgufException(what + " must have at most " + longest + " bytes, not " + raw.length, where);
        }
        try {
            String name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
            if (name.indexOf(0) >= 0) {
                throw new GgufException(what + " must not hold a NUL: " + name.replace('\0', '?'), where);
            }
            return name;
        } catch (CharacterCodingException e) {
            throw new GgufException(what + " must be UTF-8, not " + HexFormat.of().formatHex(raw, 0, Math.min(raw.length, 32)),
                    where);
        }
    }

    private byte[] rawString(String what) {
        long where = at;
        long length = u64();
        if (length < 0 || length > end - at) {
            throw new GgufException(what + " claims " + Long.toUnsignedString(length) + " bytes where " + left(), where);
        }
        if (length == 0) {
            return NO_BYTES;
        }
        byte[] out = new byte[(int) length];
        MemorySegment.copy(in, ValueLayout.JAVA_BYTE, at, out, 0, out.length);
        at += length;
        return out;
    }

    /** A count of things of at least {@code width} bytes each, which therefore cannot exceed what is left of the file. */
    private long count(String what, int width, int most) {
        long where = at;
        long n = u64();
        if (n < 0 || n > (end - at) / width) {
            throw new GgufException("the file claims " + Long.toUnsignedString(n) + " " + what + " where " + left(), where);
        }
        if (n > most) {
            throw new GgufException("a file must have at most " + most + " " + what + ", not " + n, where);
        }
        return n;
    }

    private String left() {
        return (end - at) + (end < size ? " of at most " + end + " bytes of metadata are left" : " bytes are left");
    }

    private void need(int n) {
        if (end - at < n) {
            throw new GgufException(n + " more bytes are wanted where " + left(), at);
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
