package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a tenant sizes and others' steps wait for: its results at their largest, against plain loops. */
class TenantSizedWorkTest {
    private static final int VOCAB = 50_000;

    private static float[] row(int seed) {
        Random random = new Random(seed);
        float[] row = new float[VOCAB];
        for (int i = 0; i < VOCAB; i++) {
            row[i] = random.nextFloat() * 20 - 10;
        }
        return row;
    }

    private static int argMax(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            best = row[i] > row[best] ? i : best;
        }
        return best;
    }

    @Test
    void logitBias_ofEveryToken_isAddedToEach() {
        Map<Integer, Float> bias = new HashMap<>();
        Random random = new Random(1);
        for (int i = 0; i < VOCAB; i++) {
            bias.put(i, random.nextFloat() * 200 - 100);
        }
        Sampler sampler = Samplers.create(SamplingParams.greedy(10).toBuilder().logitBias(bias).build(), VOCAB, new int[0], null);
        for (int seed = 0; seed < 5; seed++) {
            float[] row = row(seed);
            float[] biased = row.clone();
            bias.forEach((token, b) -> biased[token] += b);
            assertThat(sampler.sample(row, 0, VOCAB)).isEqualTo(argMax(biased));
        }
    }

    @Test
    void logitBias_ofATokenThatIsNotThere_isRefusedWithItsId() {
        assertThatThrownBy(
                () -> Samplers.create(SamplingParams.greedy(10).toBuilder().logitBias(Map.of(VOCAB, 1f)).build(), VOCAB,
                        new int[0], null))
                .isInstanceOf(RealmException.class).hasMessageContaining(Integer.toString(VOCAB));
    }

    @Test
    void penalties_overAWindowOfAHundredThousandTokens_countEachOccurrence() {
        Random random = new Random(3);
        int[] prompt = random.ints(100_000, 0, VOCAB).toArray();
        int[] counts = new int[VOCAB];
        for (int token : prompt) {
            counts[token]++;
        }
        Sampler sampler = Samplers.create(SamplingParams.greedy(10).toBuilder().repeatWindow(-1).frequencyPenalty(0.5f)
                .presencePenalty(0.25f).repetitionPenalty(1.2f).build(), VOCAB, prompt, null);
        for (int seed = 0; seed < 5; seed++) {
            float[] row = row(seed);
            float[] expected = row.clone();
            for (int i = 0; i < VOCAB; i++) {
                if (counts[i] > 0) {
                    float repeated = row[i] <= 0 ? row[i] * 1.2f : row[i] / 1.2f;
                    expected[i] = repeated - counts[i] * 0.5f - 0.25f;
                }
            }
            int token = sampler.sample(row, 0, VOCAB);
            assertThat(token).isEqualTo(argMax(expected));
            sampler.accept(token);
            counts[token]++;
        }
    }

    @Test
    void topLogProbs_ofAWholeVocabularyWithEquals_areTheLikeliestInOrderAndSumToOne() {
        float[] row = row(4);
        for (int i = 0; i < VOCAB; i += 7) {
            row[i] = Math.round(row[i]);
        }
        TokenLogProbs all = new LogProbsReader(VOCAB).read(row, 0, VOCAB, 17);
        List<Integer> order = new ArrayList<>(IntStream.range(0, VOCAB).boxed().toList());
        order.sort(Comparator.comparingDouble(i -> -row[i]));
        double sum = 0;
        for (int i = 0; i < VOCAB; i++) {
            assertThat(row[all.topTokens()[i]]).isEqualTo(row[order.get(i)]);
            sum += Math.exp(all.topLogProbs()[i]);
        }
        assertThat(sum).isBetween(0.999, 1.001);
        TokenLogProbs twenty = new LogProbsReader(SamplingParams.MOST_LOG_PROBS).read(row, 0, VOCAB, 17);
        assertThat(twenty.topTokens()).hasSize(SamplingParams.MOST_LOG_PROBS);
        assertThat(twenty.logProb()).isEqualTo(all.logProb());
    }

    @Test
    void dry_ofManyLongBreakersThatNearlyStandEverywhere_looksOnlyAtThoseThatEnd() {
        int[][] breakers = new int[128][32];
        for (int i = 0; i < breakers.length; i++) {
            Arrays.fill(breakers[i], 7);
            breakers[i][31] = 8 + i;
        }
        DryStage stage = new DryStage(1, 2, 2, 8192, List.of(breakers));
        for (int i = 0; i < 8192; i++) {
            stage.accept(7);
        }
        float[] row = new float[200];
        Candidates candidates = new Candidates();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        for (int i = 0; i < 200; i++) {
            stage.accept(7);
            candidates.load(row, 0, row.length);
            stage.apply(candidates);
            assertThat(stage.sinceBreaker()).isEqualTo(8192);
        }
        assertThat(Duration.ofNanos(threads.getCurrentThreadCpuTime() - start)).as("processor time")
                .isLessThan(Duration.ofSeconds(5));
        stage.accept(40);
        assertThat(stage.sinceBreaker()).isZero();
    }
}
