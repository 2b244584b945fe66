import com.dylibso.chicory.wabt.Wat2Wasm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Assembles every {@code .wat} of a folder that is newer than its {@code .wasm}; run by the build with Java's source launcher. */
public final class AssembleGuests {
    private AssembleGuests() {}

    public static void main(String[] args) throws IOException {
        Path sources = Path.of(args[0]);
        Path target = Files.createDirectories(Path.of(args[1]));
        List<Path> wats;
        try (Stream<Path> files = Files.list(sources)) {
            wats = files.filter(f -> f.toString().endsWith(".wat")).sorted().toList();
        }
        for (Path wat : wats) {
            Path wasm = target.resolve(wat.getFileName().toString().replaceFirst("\\.wat$", ".wasm"));
            if (Files.exists(wasm) && Files.getLastModifiedTime(wasm).compareTo(Files.getLastModifiedTime(wat)) > 0) {
                continue;
            }
            Files.write(wasm, Wat2Wasm.parse(Files.readString(wat)));
        }
    }
}
