package ai.realm.server.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.kernel.ActivationMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The committed golden cases, run by the code of {@code realm verify}. */
class GoldenCasesTest {
    private static final Path GOLDEN = Path.of("..", "conformance");

    static Stream<String> kinds() {
        return Verifier.kinds().stream();
    }

    private static List<Verdict> run(String kind, ActivationMode activations) {
        List<Verdict> verdicts = new ArrayList<>();
        try (CaseKernels kernels = CaseKernels.open(activations)) {
            new Verifier().run(GOLDEN, List.of(kind), kernels, verdicts::add);
        }
        return verdicts;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void verify_goldenCases_allPass(String kind) {
        List<Verdict> verdicts = run(kind, ActivationMode.INT8);

        assertThat(verdicts).isNotEmpty().filteredOn(v -> !v.pass()).isEmpty();
    }

    @Test
    void verify_quantizedModelWithExactActivations_isExact() {
        List<Verdict> verdicts = run("quantmodels", ActivationMode.F32);

        assertThat(verdicts).isNotEmpty().allMatch(v -> v.pass() && v.limit() == 1e-6);
    }

    @Test
    void kindsIn_goldenFolder_hasEveryKind() {
        assertThat(Verifier.kindsIn(GOLDEN, Set.of())).containsExactlyElementsOf(Verifier.kinds());
    }
}
