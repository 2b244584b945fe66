package ai.realm.server.cli.verify;

import ai.realm.core.kernel.ActivationMode;
import ai.realm.core.kernel.Compute;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code realm verify}: runs conformance data and tells which cases pass. */
@Command(name = "verify", description = "Run a folder of conformance data: exit 0 when all cases pass, 1 when one fails.")
@SuppressWarnings("NullAway.Init")
public final class VerifyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "Folder with a subfolder for each kind of case.")
    private Path dir;

    @Option(names = "--only", split = ",", paramLabel = "KIND", description = "Only these kinds, separated by commas.")
    private Set<String> only = new LinkedHashSet<>();

    @Option(names = "--activations", paramLabel = "f32|int8", description = "What matrix products do with activations; by default as serve does.")
    private @Nullable ActivationMode activations;

    @Option(names = "--json", description = "One JSON object a line for each case on standard output.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        List<String> kinds = checkedKinds();
        Verifier verifier = new Verifier();
        ActivationMode mode = activations != null
                ? activations
                : Compute.Options.defaults().activationMode();
        try (CaseKernels kernels = CaseKernels.open(mode)) {
            String about = String.format(Locale.ROOT, "%s, KV f32; NMSE of logits at most %.0e (quantized weights %.0e)",
                    kernels.compute().describe(), kernels.exactTolerance(), kernels.quantizedTolerance());
            (json ? spec.commandLine().getErr() : out).println(about);
            verifier.run(dir, kinds, kernels, v -> {
                out.println(json ? jsonLine(v) : textLine(v));
                out.flush();
            });
        }
        if (verifier.cases() == 0) {
            throw new ParameterException(spec.commandLine(), "no cases in " + dir);
        }
        if (!json) {
            printTable(verifier, out);
        }
        out.println("passed " + verifier.passed() + " of " + verifier.cases());
        out.flush();
        return verifier.passed() == verifier.cases() ? 0 : 1;
    }

    private List<String> checkedKinds() throws IOException {
        for (String name : only) {
            if (!Verifier.kinds().contains(name)) {
                throw new ParameterException(spec.commandLine(), "no kind is named " + name + "; kinds: " + Verifier.kinds());
            }
        }
        if (!Files.isDirectory(dir)) {
            throw new ParameterException(spec.commandLine(), "not a folder: " + dir);
        }
        List<String> kinds = Verifier.kindsIn(dir, only);
        for (String name : only) {
            if (!kinds.contains(name)) {
                throw new ParameterException(spec.commandLine(), "no cases of kind " + name + " in " + dir);
            }
        }
        List<String> unknown = Verifier.unknownIn(dir);
        if (kinds.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "no cases in " + dir + ": it has no folder of a kind; kinds: "
                    + Verifier.kinds() + (unknown.isEmpty() ? "" : ", folders: " + unknown));
        }
        if (!unknown.isEmpty() && only.isEmpty()) {
            spec.commandLine().getErr().println("realm: not verified, as these folders are of no known kind: " + unknown);
        }
        return kinds;
    }

    private static String jsonLine(Verdict v) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("kind", v.kind());
        line.put("name", v.name());
        line.put("pass", v.pass());
        line.put("metric", v.metric());
        line.put("value", finite(v.value()));
        line.put("limit", v.limit());
        if (v.informational()) {
            line.put("informational", true);
        }
        if (v.detail() != null) {
            line.put("detail", v.detail());
        }
        return CaseData.JSON.valueToTree(line).toString();
    }

    /** JSON has no NaN and no infinity. */
    private static @Nullable Object finite(@Nullable Double value) {
        return value == null || Double.isFinite(value) ? value : value.toString();
    }

    private static String textLine(Verdict v) {
        String word = v.informational() ? "info" : v.pass() ? "ok" : "FAIL";
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-4s  %-11s %s", word, v.kind(), v.name()));
        if (v.value() != null) {
            line.append(String.format(Locale.ROOT, "  %s %.3g", v.metric(), v.value()));
            if (v.limit() != null) {
                line.append(String.format(Locale.ROOT, " (limit %.3g)", v.limit()));
            }
        }
        return v.detail() == null ? line.toString() : line.append("  ").append(v.detail()).toString();
    }

    private static void printTable(Verifier verifier, PrintWriter out) {
        out.printf(Locale.ROOT, "%n%-12s %8s %8s%n", "kind", "passed", "cases");
        verifier.tallies().forEach((kind, t) -> out.printf(Locale.ROOT, "%-12s %8d %8d%s%n", kind, t.passed(), t.cases(),
                t.informational() == 0 ? "" : "   " + t.informational() + " informational"));
    }
}
