package ai.realm.server.cli.quantize;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.server.cli.catalog.TransferLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code realm quantize}: a model file in F32, F16 or BF16 becomes a smaller one. */
@Command(name = "quantize", description = "Make a model file in F32, F16 or BF16 smaller. The blocks are those that llama-quantize makes without an importance matrix.")
@SuppressWarnings("NullAway.Init")
public final class QuantizeCommand implements Callable<Integer> {
    private static final double MIB = 1 << 20;

    @Parameters(index = "0", paramLabel = "IN", description = "The file; of a model in parts the first.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT", description = "The file to write; it must not be there yet.")
    private Path to;

    @Parameters(index = "2", paramLabel = "TYPE", description = "Q4_K_M, Q8_0, …; a wrong one lists them.")
    private String type;

    @Option(names = "--force", description = "Write over OUT when it is there.")
    private boolean force;

    @Spec
    private CommandSpec spec;

    private boolean isRead() throws IOException {
        for (Path part : GgufReader.parts(in)) {
            if (Files.exists(part) && Files.isSameFile(part, to)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Integer call() throws IOException {
        Mixture mixture = Mixture.named(type).orElseThrow(() -> new ParameterException(spec.commandLine(),
                "no type is named " + type + "; there are " + Arrays.stream(Mixture.values()).map(Mixture::name)
                        .collect(Collectors.joining(", "))));
        if (Files.exists(to) && (!force || isRead())) {
            throw new IOException(
                    to + " is there already" + (force ? ", and it is a file to read" : "; --force writes over it"));
        }
        PrintWriter err = spec.commandLine().getErr();
        TransferLine line = new TransferLine(err, System.console() != null);
        long before;
        try (GgufFile file = GgufReader.open(in)) {
            before = file.size();
            FileQuantizer quantizer = new FileQuantizer(file, mixture);
            quantizer.write(to, line::at);
        } finally {
            line.end();
        }
        long after = Files.size(to);
        err.printf(Locale.ROOT, "realm: %.1f MiB became %.1f MiB%n", before / MIB, after / MIB);
        spec.commandLine().getOut().println(to);
        return 0;
    }
}
