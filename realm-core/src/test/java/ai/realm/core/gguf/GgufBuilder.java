package ai.realm.core.gguf;

import ai.realm.core.tensor.GgmlType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes small GGUF files for tests: metadata and tensors in the order given, right by default, and wrong wherever a test asks
 * for it through the raw methods.
 */
public final class GgufBuilder {
    private record Tensor(byte[] name, long[] dims, int type, byte[] data, long offset) {}

    private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
    private final List<Tensor> tensors = new ArrayList<>();
    private long keyCount;
    private int version = 3;
    private int alignment = 32;
    private long nextOffset;

    /** The version in the header; 3 unless set. */
    public GgufBuilder version(int newVersion) {
        version = newVersion;
        return this;
    }

    /** The alignment of tensor data, also written as {@code general.alignment}; call before the first tensor. */
    public GgufBuilder alignment(int newAlignment) {
        alignment = newAlignment;
        return u32("general.alignment", newAlignment);
    }

    public GgufBuilder string(String key, String value) {
        return raw(key, 8, string(utf8(value)));
    }

    public GgufBuilder bytes(String key, byte[] value) {
        return raw(key, 8, string(value));
    }

    public GgufBuilder u32(String key, long value) {
        return raw(key, 4, le(4).putInt((int) value).array());
    }

    public GgufBuilder i32(String key, int value) {
        return raw(key, 5, le(4).putInt(value).array());
    }

    public GgufBuilder u64(String key, long value) {
        return raw(key, 10, le(8).putLong(value).array());
    }

    public GgufBuilder f32(String key, float value) {
        return raw(key, 6, le(4).putFloat(value).array());
    }

    public GgufBuilder bool(String key, boolean value) {
        return raw(key, 7, new byte[]{(byte) (value ? 1 : 0)});
    }

    public GgufBuilder strings(String key, List<String> values) {
        return byteStrings(key, values.stream().map(GgufBuilder::utf8).toList());
    }

    /** An array of strings that need not be UTF-8. */
    public GgufBuilder byteStrings(String key, List<byte[]> values) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(arrayHead(8, values.size()));
        values.forEach(v -> out.writeBytes(string(v)));
        return raw(key, 9, out.toByteArray());
    }

    public GgufBuilder i32s(String key, int... values) {
        ByteBuffer out = le(12 + 4 * values.length).put(arrayHead(5, values.length));
        for (int v : values) {
            out.putInt(v);
        }
        return raw(key, 9, out.array());
    }

    public GgufBuilder f32s(String key, float... values) {
        ByteBuffer out = le(12 + 4 * values.length).put(arrayHead(6, values.length));
        for (float v : values) {
            out.putFloat(v);
        }
        return raw(key, 9, out.array());
    }

    public GgufBuilder bools(String key, boolean... values) {
        ByteBuffer out = le(12 + values.length).put(arrayHead(7, values.length));
        for (boolean v : values) {
            out.put((byte) (v ? 1 : 0));
        }
        return raw(key, 9, out.array());
    }

    /** A key with a value type and a payload of the caller's making. */
    public GgufBuilder raw(String key, int type, byte[] payload) {
        return raw(utf8(key), type, payload);
    }

    public GgufBuilder raw(byte[] key, int type, byte[] payload) {
        keys.writeBytes(string(key));
        keys.writeBytes(le(4).putInt(type).array());
        keys.writeBytes(payload);
        keyCount++;
        return this;
    }

    /** An F32 tensor; {@code dims[0]} is the row length. */
    public GgufBuilder tensor(String name, float[] values, long... dims) {
        ByteBuffer out = le(4 * values.length);
        for (float v : values) {
            out.putFloat(v);
        }
        return tensor(name, GgmlType.F32, out.array(), dims);
    }

    /** A tensor of packed bytes, placed after the one before it. */
    public GgufBuilder tensor(String name, GgmlType type, byte[] data, long... dims) {
        return rawTensor(utf8(name), dims, type.id(), data, nextOffset);
    }

    /** A tensor whose name, type id and offset are the caller's. */
    public GgufBuilder rawTensor(byte[] name, long[] dims, int type, byte[] data, long offset) {
        tensors.add(new Tensor(name, dims, type, data, offset));
        nextOffset += padded(data.length);
        return this;
    }

    /** The file's bytes. */
    public byte[] build() {
        return build(tensors.size(), keyCount);
    }

    /** The file's bytes with counts in the header that need not be true. */
    public byte[] build(long claimedTensors, long claimedKeys) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(utf8("GGUF"));
        out.writeBytes(le(20).putInt(version).putLong(claimedTensors).putLong(claimedKeys).array());
        out.writeBytes(keys.toByteArray());
        for (Tensor t : tensors) {
            out.writeBytes(string(t.name));
            ByteBuffer info = le(4 + 8 * t.dims.length + 12).putInt(t.dims.length);
            for (long d : t.dims) {
                info.putLong(d);
            }
            out.writeBytes(info.putInt(t.type).putLong(t.offset).array());
        }
        out.writeBytes(new byte[padded(out.size()) - out.size()]);
        for (Tensor t : tensors) {
            out.writeBytes(t.data);
            out.writeBytes(new byte[padded(t.data.length) - t.data.length]);
        }
        return out.toByteArray();
    }

    /** Writes the file into a directory, usually a test's temporary one. */
    public Path writeTo(Path directory, String name) {
        try {
            return Files.write(directory.resolve(name), build());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file opened from a buffer in memory. */
    public GgufFile open() {
        return GgufReader.parse(build());
    }

    /** Length and bytes, as GGUF writes a string. */
    public static byte[] string(byte[] value) {
        return le(8 + value.length).putLong(value.length).put(value).array();
    }

    /** Element type and count, as GGUF begins an array. */
    public static byte[] arrayHead(int type, long count) {
        return le(12).putInt(type).putLong(count).array();
    }

    private int padded(int n) {
        return (n + alignment - 1) / alignment * alignment;
    }

    private static byte[] utf8(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer le(int n) {
        return ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    }
}
