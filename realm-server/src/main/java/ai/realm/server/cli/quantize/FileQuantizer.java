package ai.realm.server.cli.quantize;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufWriter;
import ai.realm.core.kernel.quant.Dequantizer;
import ai.realm.core.kernel.quant.Quantizer;
import ai.realm.core.tensor.GgmlType;
import ai.realm.core.tensor.TensorView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/** Writes a model's file anew with smaller tensors, some rows at a time, so that it needs little memory whatever the file's size. */
final class FileQuantizer {
    private static final Set<GgmlType> SOURCES = Set.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16);
    /** Numbers that are in memory at a time. */
    private static final int CHUNK = 1 << 23;
    private static final int VERSION = 2;

    private final GgufFile from;
    private final Mixture mixture;
    private final Map<String, GgmlType> types;

    /** @throws GgufException when the file is quantized already */
    FileQuantizer(GgufFile from, Mixture mixture) {
        this.from = from;
        this.mixture = mixture;
        this.types = new TypePlan(from, mixture).types();
        for (TensorView t : from.tensors().values()) {
            if (types.get(t.name()) != t.type() && !SOURCES.contains(t.type())) {
                throw new GgufException("tensor " + t.name() + " is " + t.type()
                        + " already: only files in F32, F16 or BF16 are quantized, as what is lost once does not come back", -1);
            }
        }
    }

    /**
     * Writes the file beside its name first, under an ending that no download of that name has.
     *
     * @param progress told the bytes read and those in all
     */
    void write(Path to, BiConsumer<Long, Long> progress) throws IOException {
        Path part = to.resolveSibling(to.getFileName() + ".quantizing");
        try {
            try (FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                GgufWriter writer = beginning();
                put(out, ByteBuffer.wrap(writer.beginning()));
                long done = 0;
                for (TensorView t : from.tensors().values()) {
                    tensor(out, writer, t);
                    done += t.data().byteSize();
                    progress.accept(done, from.size());
                }
                out.force(true);
            }
            Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private GgufWriter beginning() {
        GgufWriter writer = new GgufWriter((int) from.alignment());
        for (String key : from.metadata().keySet()) {
            if (!key.startsWith("split.")) {
                writer.copy(from, key);
            }
        }
        writer.put("general.quantization_version", VERSION);
        writer.put("general.file_type", mixture.fileType());
        from.tensors().values().forEach(t -> writer.tensor(t.name(), to(t), t.shape()));
        return writer;
    }

    private GgmlType to(TensorView t) {
        return types.getOrDefault(t.name(), t.type());
    }

    private void tensor(FileChannel out, GgufWriter writer, TensorView t) throws IOException {
        GgmlType type = to(t);
        int columns = Math.toIntExact(t.shape().dim(0));
        int together = Math.max(1, CHUNK / columns);
        long bytes = 0;
        for (long row = 0; row < t.shape().rows(); row += together) {
            int rows = (int) Math.min(together, t.shape().rows() - row);
            bytes += put(out, type == t.type()
                    ? t.data().asSlice(row * t.rowBytes(), rows * t.rowBytes()).asByteBuffer()
                    : packed(t, type, row, rows, columns));
        }
        put(out, ByteBuffer.allocate((int) (writer.padded(bytes) - bytes)));
    }

    private static ByteBuffer packed(TensorView t, GgmlType type, long first, int rows, int columns) {
        int rowBytes = Math.toIntExact(type.bytesFor(columns));
        byte[] out = new byte[Math.multiplyExact(rows, rowBytes)];
        IntStream.range(0, rows).parallel().forEach(r -> {
            float[] x = new float[columns];
            Dequantizer.dequantize(t.type(), t.data(), (first + r) * t.rowBytes(), x, 0, columns);
            for (float v : x) {
                if (!Float.isFinite(v)) {
                    throw new GgufException("tensor " + t.name() + " has a value that is no number in row " + (first + r), -1);
                }
            }
            Quantizer.quantize(type, x, 0, columns,
                    ByteBuffer.wrap(out, r * rowBytes, rowBytes).order(ByteOrder.LITTLE_ENDIAN));
        });
        return ByteBuffer.wrap(out);
    }

    private static long put(FileChannel out, ByteBuffer bytes) throws IOException {
        long n = bytes.remaining();
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
        return n;
    }
}
