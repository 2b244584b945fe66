package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerStagesTest {
    private static float[] logits(int count, double spread) {
        Random random = new Random(count * 31L + (long) spread);
        float[] out = new float[count];
        for (int i = 0; i < count; i++) {
            out[i] = (float) (random.nextGaussian() * spread);
        }
        return out;
    }

    private static Candidates candidates(float[] row) {
        Candidates c = new Candidates();
        c.load(row, 0, row.length);
        return c;
    }

    private static SamplerStage stage(String name, Object... parameters) {
        Map<String, Object> map = new TreeMap<>();
        for (int i = 0; i < parameters.length; i += 2) {
            map.put((String) parameters[i], parameters[i + 1]);
        }
        return SamplerStages.create(name, map, 4098);
    }

    private static void assertSame(Candidates got, Map<Integer, Double> expected) {
        Map<Integer, Double> probs = ReferenceSamplers.softmax(expected);
        got.softmax();
        Map<Integer, Double> actual = new TreeMap<>();
        for (int i = 0; i < got.size(); i++) {
            actual.put(got.id(i), (double) got.prob(i));
        }
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        actual.forEach((id, p) -> assertThat(p).as("token " + id).isCloseTo(probs.get(id), within(1e-5)));
    }

    private static void check(int count, double spread, SamplerStage stage, UnaryOperator<Map<Integer, Double>> reference) {
        float[] row = logits(count, spread);
        Candidates c = candidates(row);
        stage.apply(c);
        assertSame(c, reference.apply(ReferenceSamplers.of(row)));
        // the same from candidates that were already ordered
        Candidates sorted = candidates(row);
        sorted.sort();
        stage.apply(sorted);
        assertSame(sorted, reference.apply(ReferenceSamplers.of(row)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 33, 255, 256, 257, 4098})
    void topK_anySize_keepsTheLargest(int count) {
        check(count, 3, stage("top_k", "k", 40), r -> ReferenceSamplers.topK(r, 40));
        check(count, 0.01, stage("top_k", "k", 300), r -> ReferenceSamplers.topK(r, 300));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 33, 257, 4098})
    void topP_flatAndPeaked_keepsTheNucleus(int count) {
        check(count, 3, stage("top_p", "p", 0.9, "min_keep", 1), r -> ReferenceSamplers.topP(r, 0.9f, 1));
        check(count, 0.3, stage("top_p", "p", 0.97, "min_keep", 1), r -> ReferenceSamplers.topP(r, 0.97f, 1));
        check(count, 9, stage("top_p", "p", 0.1, "min_keep", 3), r -> ReferenceSamplers.topP(r, 0.1f, 3));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 33, 257, 4098})
    void minP_flatAndPeaked_keepsTheLikely(int count) {
        check(count, 3, stage("min_p", "p", 0.05, "min_keep", 1), r -> ReferenceSamplers.minP(r, 0.05f, 1));
        check(count, 3, stage("min_p", "p", 0.9, "min_keep", 1), r -> ReferenceSamplers.minP(r, 0.9f, 1));
    }

    @Test
    void minP_minKeepAboveMatches_keepsThatMany() {
        check(50, 3, stage("min_p", "p", 0.9, "min_keep", 7), r -> ReferenceSamplers.minP(r, 0.9f, 7));
    }

    @Test
    void minP_aboveOne_keepsTheLikeliest() {
        Candidates c = candidates(new float[]{1, 5, 2});
        stage("min_p", "p", 1.2, "min_keep", 0).apply(c);

        assertThat(c.size()).isEqualTo(1);
        assertThat(c.id(0)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 33, 257, 4098})
    void typical_flatAndPeaked_keepsTheTypical(int count) {
        check(count, 2, stage("typical", "p", 0.7, "min_keep", 1), r -> ReferenceSamplers.typical(r, 0.7f, 1));
        check(count, 0.2, stage("typical", "p", 0.95, "min_keep", 1), r -> ReferenceSamplers.typical(r, 0.95f, 1));
    }

    @Test
    void topNSigma_normalLogits_makesTheRestImpossible() {
        check(400, 3, stage("top_n_sigma", "n", 1.5), r -> ReferenceSamplers.topNSigma(r, 1.5));
    }

    @Test
    void xtc_certain_removesAllButTheLastTopChoice() {
        check(300, 3, stage("xtc", "probability", 1.0, "threshold", 0.02, "min_keep", 1, "seed", 5),
                r -> ReferenceSamplers.xtc(r, 0.02f));
    }

    @Test
    void temperature_positive_dividesLogits() {
        check(300, 3, stage("temp", "temperature", 0.6), r -> ReferenceSamplers.temperature(r, 0.6f));
        check(300, 1, stage("temp_ext", "temperature", 0.8, "delta", 0.5, "exponent", 1.7),
                r -> ReferenceSamplers.dynamicTemperature(r, 0.8f, 0.5f, 1.7f));
    }

    @Test
    void temperature_zero_leavesOnlyTheLargest() {
        Candidates c = candidates(new float[]{1, 5, 5, 2});
        stage("temp", "temperature", 0).apply(c);
        c.softmax();
        assertThat(List.of(c.prob(0), c.prob(1), c.prob(2), c.prob(3))).containsExactly(0f, 1f, 0f, 0f);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 100, 1000})
    void penalties_windowOfHistory_changesOnlyItsTokens(int window) {
        int[] history = new Random(3).ints(500, 0, 40).toArray();
        SamplerStage stage = stage("penalties", "last_n", window, "repeat", 1.3, "frequency", 0.2, "presence", 0.4);
        for (int token : history) {
            stage.accept(token);
        }
        check(64, 3, stage, r -> ReferenceSamplers.penalties(r, history, window, 1.3f, 0.2f, 0.4f));
    }

    @Test
    void penalties_windowZero_changesNothing() {
        SamplerStage stage = stage("penalties", "last_n", 0, "repeat", 1.3, "frequency", 0.2, "presence", 0.4);
        stage.accept(3);
        check(8, 3, stage, r -> r);
    }

    @Test
    void dry_repeatedSequences_lowersWhatWouldContinueThem() {
        for (int seed = 0; seed < 20; seed++) {
            int[] history = new Random(seed).ints(60, 0, 4).toArray();
            SamplerStage stage = stage("dry", "multiplier", 0.7, "base", 1.5, "allowed_length", 2, "last_n", 1000,
                    "seq_breaker_token_ids", List.of());
            for (int token : history) {
                stage.accept(token);
            }
            check(10, 3, stage, r -> ReferenceSamplers.dry(r, history, 0.7f, 1.5f, 2));
        }
    }

    @Test
    void dry_breakerAfterTheRepeat_changesNothing() {
        SamplerStage stage = stage("dry", "multiplier", 0.7, "base", 1.5, "allowed_length", 2, "last_n", 1000,
                "seq_breaker_token_ids", List.of(List.of(9)));
        for (int token : new int[]{1, 2, 3, 4, 9, 1, 2, 9, 3}) {
            stage.accept(token);
        }
        check(12, 3, stage, r -> r);
    }

    @Test
    void mirostat2_tightTau_choosesAmongUnsurprisingTokensAndMovesMu() {
        MirostatStage stage = (MirostatStage) stage("mirostat_v2", "tau", 1.5, "eta", 0.1, "seed", 7);
        float[] row = logits(200, 3);
        Map<Integer, Double> before = ReferenceSamplers.softmax(ReferenceSamplers.of(row));
        Candidates c = candidates(row);
        stage.apply(c);
        List<Integer> kept = new ArrayList<>();
        for (int i = 0; i < c.size(); i++) {
            kept.add(c.id(i));
        }
        assertThat(kept).allSatisfy(id -> assertThat(-Math.log(before.get(id)) / Math.log(2)).isLessThanOrEqualTo(3.0 + 1e-6));
        double surprise = -Math.log(c.prob(c.selected())) / Math.log(2);
        assertThat(stage.mu()).isCloseTo((float) (3.0 - 0.1 * (surprise - 1.5)), within(1e-5f));
    }

    @Test
    void mirostat1_anyTau_keepsAtLeastOneAndChooses() {
        for (float tau : new float[]{0.1f, 2, 5, 50}) {
            SamplerStage stage = stage("mirostat", "tau", tau, "eta", 0.1, "m", 100, "seed", 7);
            Candidates c = candidates(logits(200, 3));
            stage.apply(c);
            assertThat(c.size()).isBetween(1, 200);
            assertThat(c.selected()).isBetween(0, c.size() - 1);
        }
    }

    @Test
    void chain_equalLogitsEverywhere_ordersById() {
        Candidates c = candidates(new float[5000]);
        stage("top_k", "k", 3).apply(c);
        assertThat(List.of(c.id(0), c.id(1), c.id(2))).containsExactly(0, 1, 2);
    }

    @Test
    void stages_noPossibleToken_doNotFail() {
        float[] row = new float[300];
        java.util.Arrays.fill(row, Float.NaN);
        Candidates c = candidates(row);
        for (String name : List.of("top_p", "min_p", "typical")) {
            stage(name, "p", 0.5, "min_keep", 1).apply(c);
        }
        stage("top_n_sigma", "n", 1).apply(c);
        stage("xtc", "probability", 1, "threshold", 0.1, "min_keep", 1, "seed", 1).apply(c);
        stage("temp_ext", "temperature", 1, "delta", 0.5, "exponent", 1).apply(c);
        stage("mirostat", "tau", 5, "eta", 0.1, "m", 100, "seed", 7).apply(c);
        stage("dist", "seed", 1).apply(c);
        assertThat(c.selected()).isEqualTo(-1);
    }

    @Test
    void create_unknownNameOrMissingNumber_isRefused() {
        assertThatThrownBy(() -> stage("top_q")).isInstanceOf(RealmException.class).hasMessageContaining("top_q");
        assertThatThrownBy(() -> stage("top_k", "k", "four")).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST));
    }
}
