package ai.realm.server.cli.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Runs a folder of conformance data: a subfolder for each kind, any subset of them. */
final class Verifier {
    private static final Map<String, Kind> KINDS = kinds(ModelsKind.archs(), ModelsKind.rope(), new QuantsKind(),
            ModelsKind.quantized(), new TokenizersKind(), new TemplatesKind(), new GgufBadKind(), new SamplingKind(),
            new GrammarKind());

    private final Map<String, Tally> tallies = new LinkedHashMap<>();

    /** Counts of one kind. */
    static final class Tally {
        private int passed;
        private int cases;
        private int informational;

        private void add(Verdict v) {
            cases++;
            passed += v.pass() ? 1 : 0;
            informational += v.informational() ? 1 : 0;
        }

        public int passed() {
            return passed;
        }

        public int cases() {
            return cases;
        }

        /** Cases among them that cannot fail. */
        public int informational() {
            return informational;
        }
    }

    private static Map<String, Kind> kinds(Kind... all) {
        Map<String, Kind> byName = new LinkedHashMap<>();
        for (Kind kind : all) {
            byName.put(kind.name(), kind);
        }
        return byName;
    }

    /** The names of all kinds in the order they run. */
    static Set<String> kinds() {
        return KINDS.keySet();
    }

    /** The kinds that this folder holds, of those that were asked for (all when none were). */
    static List<String> kindsIn(Path dir, Set<String> only) {
        List<String> found = new ArrayList<>();
        for (String name : KINDS.keySet()) {
            if ((only.isEmpty() || only.contains(name)) && Files.isDirectory(dir.resolve(name))) {
                found.add(name);
            }
        }
        return found;
    }

    /** Subfolders that are no kind. */
    static List<String> unknownIn(Path dir) throws IOException {
        try (var all = Files.list(dir)) {
            return all.filter(Files::isDirectory).map(p -> p.getFileName().toString()).filter(n -> !n.startsWith("."))
                    .filter(n -> !KINDS.containsKey(n)).sorted().collect(Collectors.toList());
        }
    }

    /** Runs these kinds and tells each verdict as it is known; a folder that cannot be read is a failed case. */
    void run(Path dir, List<String> names, CaseKernels kernels, Consumer<Verdict> out) {
        for (String name : names) {
            Kind kind = KINDS.get(name);
            if (kind == null) {
                throw new IllegalArgumentException("no kind is named " + name);
            }
            Tally tally = tallies.computeIfAbsent(name, _ -> new Tally());
            Consumer<Verdict> each = v -> {
                tally.add(v);
                out.accept(v);
            };
            try {
                kind.verify(dir.resolve(name), kernels, each);
            } catch (IOException | RuntimeException e) {
                each.accept(Verdict.failed(name, "the folder", "readable", CaseData.message(e)));
            }
        }
    }

    /** Counts of the kinds that were run, in their order. */
    Map<String, Tally> tallies() {
        return tallies;
    }

    int passed() {
        return tallies.values().stream().mapToInt(Tally::passed).sum();
    }

    int cases() {
        return tallies.values().stream().mapToInt(Tally::cases).sum();
    }
}
