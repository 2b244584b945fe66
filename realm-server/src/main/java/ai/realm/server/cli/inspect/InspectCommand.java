package ai.realm.server.cli.inspect;

import ai.realm.core.gguf.GgufArray;
import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.model.ModelConfig;
import ai.realm.core.tensor.TensorView;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.reflect.Array;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code realm inspect}: metadata, tensors, memory, and whether a model file will run. */
@Command(name = "inspect", description = "Tell what a model file is and whether it will run: exit 0 when it will, 1 when not.")
@SuppressWarnings("NullAway.Init")
public final class InspectCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final double MIB = 1 << 20;
    private static final int SHOWN_ELEMENTS = 8;
    private static final int SHOWN_CHARACTERS = 100;

    @Parameters(paramLabel = "FILE", description = "A GGUF file.")
    private Path file;

    @Option(names = "--json", description = "One JSON object on standard output.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new ParameterException(spec.commandLine(), "not a file: " + file);
        }
        PrintWriter out = spec.commandLine().getOut();
        GgufFile opened;
        try {
            opened = GgufReader.open(file);
        } catch (GgufException e) {
            return tellMalformed(String.valueOf(e.getMessage()), out);
        }
        try (GgufFile gguf = opened) {
            Inspection found = Inspection.of(gguf);
            if (json) {
                out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(toJson(gguf, found)));
            } else {
                print(gguf, found, out);
            }
            out.flush();
            return found.problem() == null ? 0 : 1;
        }
    }

    private int tellMalformed(String why, PrintWriter out) throws IOException {
        if (json) {
            Map<String, Object> root = new LinkedHashMap<>();
            root.put("file", file.toString());
            root.put("bytes", Files.size(file));
            root.put("runs", false);
            root.put("problem", why);
            out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root));
        } else {
            out.println("will not run: " + printable(why));
        }
        out.flush();
        return 1;
    }

    private Map<String, @Nullable Object> toJson(GgufFile gguf, Inspection found) {
        Map<String, @Nullable Object> root = new LinkedHashMap<>();
        root.put("file", file.toString());
        root.put("bytes", gguf.size());
        root.put("gguf_version", gguf.version());
        root.put("runs", found.problem() == null);
        root.put("problem", found.problem());
        ModelConfig config = found.config();
        if (config != null) {
            root.put("architecture", config.architecture());
            root.put("name", config.name());
            root.put("layers", config.layerCount());
            root.put("context_length", config.contextLength());
            root.put("embedding_length", config.embeddingLength());
            root.put("vocabulary", config.vocabSize());
        }
        Map<String, Object> memory = new LinkedHashMap<>();
        memory.put("weight_bytes", found.weightBytes());
        memory.put("kv_bytes_per_1k_tokens", found.kvBytesPer1k());
        memory.put("state_bytes_per_sequence", found.stateBytes());
        root.put("memory", memory);
        root.put("tokenizer", found.tokenizer());
        Map<String, Object> types = new LinkedHashMap<>();
        found.types().forEach((type, use) -> types.put(type, Map.of("tensors", use.tensors(), "bytes", use.bytes())));
        root.put("types", types);
        Map<String, Object> metadata = new LinkedHashMap<>();
        gguf.metadata().forEach((key, value) -> metadata.put(key, value instanceof GgufArray a ? arrayJson(a) : shortest(value)));
        root.put("metadata", metadata);
        List<Object> tensors = new ArrayList<>();
        for (TensorView t : gguf.tensors().values()) {
            Map<String, Object> tensor = new LinkedHashMap<>();
            tensor.put("name", t.name());
            tensor.put("type", t.type().name());
            tensor.put("shape", t.shape().dims());
            tensor.put("bytes", t.data().byteSize());
            tensors.add(tensor);
        }
        root.put("tensors", tensors);
        return root;
    }

    private static Map<String, Object> arrayJson(GgufArray array) {
        return Map.of("length", array.size(), "first", first(array));
    }

    private static List<Object> first(GgufArray array) {
        List<Object> out = new ArrayList<>();
        for (int i = 0; i < Math.min(SHOWN_ELEMENTS, array.size()); i++) {
            Object element = Array.get(array.values(), i);
            out.add(element instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : shortest(element));
        }
        return out;
    }

    private void print(GgufFile gguf, Inspection found, PrintWriter out) {
        out.printf(Locale.ROOT, "%s: GGUF version %d, %.1f MiB%n%nmetadata%n", file, gguf.version(), gguf.size() / MIB);
        gguf.metadata().forEach((key, value) -> out.println("  " + printable(key) + " = " + shown(value)));
        out.printf(Locale.ROOT, "%ntensors%n");
        for (TensorView t : gguf.tensors().values()) {
            out.printf(Locale.ROOT, "  %-40s %-8s %-20s %,15d bytes%n", printable(t.name()), t.type(), t.shape(),
                    t.data().byteSize());
        }
        out.printf(Locale.ROOT, "%ntypes%n");
        found.types().forEach((type, use) -> out.printf(Locale.ROOT, "  %-8s %5d tensors %,15d bytes%n", type, use.tensors(),
                use.bytes()));
        out.printf(Locale.ROOT, "%nmemory%n  weights %.1f MiB%n", found.weightBytes() / MIB);
        found.kvBytesPer1k().forEach((type, bytes) -> out.printf(Locale.ROOT,
                "  keys and values of 1000 tokens, %-4s %.1f MiB%n", type, bytes / MIB));
        if (found.stateBytes() > 0) {
            out.printf(Locale.ROOT, "  recurrent state of a sequence %.2f MiB%n", found.stateBytes() / MIB);
        }
        if (found.tokenizer() != null) {
            out.printf(Locale.ROOT, "%ntokenizer: %s%n", found.tokenizer());
        }
        ModelConfig config = found.config();
        out.println();
        out.println(config != null
                ? "will run: " + config.architecture() + ", " + config.layerCount() + " layers, context of "
                        + config.contextLength()
                        + " tokens"
                : "will not run: " + printable(String.valueOf(found.problem())));
    }

    private static String shown(Object value) {
        return printable(value instanceof GgufArray a ? a.size() + " elements, first " + first(a) : shortest(value).toString());
    }

    /** A number that a float holds exactly, as the float: with the digits that its writer meant. */
    private static Object shortest(Object value) {
        return value instanceof Double d && d == d.floatValue() ? (Object) d.floatValue() : value;
    }

    /** A file's text on a terminal: one line, no control characters, not too long. */
    private static String printable(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().limit(SHOWN_CHARACTERS).forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || c >= 0xd800 && c < 0xe000) {
                out.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return text.codePointCount(0, text.length()) > SHOWN_CHARACTERS
                ? out.append('…').toString()
                : out.toString();
    }
}
