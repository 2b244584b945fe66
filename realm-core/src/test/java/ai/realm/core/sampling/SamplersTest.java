package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SamplersTest {
    private static final int VOCAB = 1000;

    private static float[] row(long seed) {
        Random random = new Random(seed);
        float[] out = new float[VOCAB];
        for (int i = 0; i < VOCAB; i++) {
            out[i] = (float) random.nextGaussian() * 4;
        }
        return out;
    }

    private static int[] generate(SamplingParams params, int count) {
        Sampler sampler = Samplers.create(params, VOCAB, new int[]{1, 2, 3}, null);
        int[] out = new int[count];
        for (int i = 0; i < count; i++) {
            out[i] = sampler.sample(row(i), 0, VOCAB);
            sampler.accept(out[i]);
        }
        return out;
    }

    private static SamplingParams seeded(long seed) {
        return SamplingParams.defaults().toBuilder().seed(seed).build();
    }

    @Test
    void sample_greedyAtOffset_choosesTheLargestOfItsRow() {
        float[] rows = {9, 9, 9, 1, 4, 4, 2, 9};
        Sampler sampler = Samplers.create(SamplingParams.greedy(1), 4, new int[0], null);
        assertThat(sampler.sample(rows, 3, 4)).isEqualTo(1);
    }

    @Test
    void sample_greedyWithPenalty_avoidsRepeats() {
        SamplingParams params = SamplingParams.greedy(9).toBuilder().repetitionPenalty(2).build();
        Sampler sampler = Samplers.create(params, 3, new int[0], null);
        float[] row = {1.5f, 2, 0};
        assertThat(sampler.sample(row.clone(), 0, 3)).isEqualTo(1);
        sampler.accept(1);
        assertThat(sampler.sample(row.clone(), 0, 3)).isZero();
    }

    @Test
    void sample_promptTokens_countForPenalties() {
        SamplingParams params = SamplingParams.greedy(9).toBuilder().presencePenalty(2).build();
        Sampler sampler = Samplers.create(params, 3, new int[]{1}, null);
        assertThat(sampler.sample(new float[]{1.5f, 2, 0}, 0, 3)).isZero();
    }

    @Test
    void sample_sameSeed_sameTokens() {
        assertThat(generate(seeded(42), 50)).isEqualTo(generate(seeded(42), 50));
        assertThat(generate(seeded(42), 50)).isNotEqualTo(generate(seeded(43), 50));
    }

    @Test
    void sample_noSeed_drawsOneThatReproduces() {
        SamplingParams params = SamplingParams.defaults();
        Sampler first = Samplers.create(params, VOCAB, new int[0], null);
        Sampler again = Samplers.create(seeded(first.seed()), VOCAB, new int[0], null);
        for (int i = 0; i < 20; i++) {
            assertThat(again.sample(row(i), 0, VOCAB)).isEqualTo(first.sample(row(i), 0, VOCAB));
        }
        assertThat(Samplers.create(params, VOCAB, new int[0], null).seed()).isNotEqualTo(first.seed());
    }

    @Test
    void sample_manyDraws_followTheDistribution() {
        Sampler sampler = Samplers.create(seeded(1), 4, new int[0], null);
        float[] row = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.15), (float) Math.log(0.05)};
        int[] counts = new int[4];
        for (int i = 0; i < 20000; i++) {
            counts[sampler.sample(row, 0, 4)]++;
        }
        assertThat(counts[0] / 20000.0).isCloseTo(0.5, within(0.015));
        assertThat(counts[1] / 20000.0).isCloseTo(0.3, within(0.015));
        assertThat(counts[3] / 20000.0).isCloseTo(0.05, within(0.01));
    }

    @Test
    void sample_wholeChain_staysWithinTopK() {
        SamplingParams params = seeded(3).toBuilder().topK(3).topP(0.99f).minP(0.001f).typicalP(0.99f).temperature(5).build();
        float[] row = row(5);
        float[] ordered = row.clone();
        Arrays.sort(ordered);
        Sampler sampler = Samplers.create(params, VOCAB, new int[0], null);
        for (int i = 0; i < 200; i++) {
            assertThat(row[sampler.sample(row, 0, VOCAB)]).isGreaterThanOrEqualTo(ordered[VOCAB - 3]);
        }
    }

    @Test
    void sample_logitBias_forbidsAndForces() {
        SamplingParams params = SamplingParams.greedy(1).toBuilder().logitBias(Map.of(1, -100f, 2, 100f)).build();
        assertThat(Samplers.create(params, 4, new int[0], null).sample(new float[]{1, 9, 0, 2}, 0, 4)).isEqualTo(2);
    }

    @Test
    void create_biasOutsideVocabulary_isRefused() {
        SamplingParams params = SamplingParams.greedy(1).toBuilder().logitBias(Map.of(4, 1f)).build();
        assertThatThrownBy(() -> Samplers.create(params, 4, new int[0], null))
                .isInstanceOfSatisfying(RealmException.class, e -> assertThat(e.param()).isEqualTo("logit_bias"));
    }

    @Test
    void sample_nonFiniteLogits_areImpossible() {
        float[] row = {Float.NaN, Float.POSITIVE_INFINITY, 1, Float.NEGATIVE_INFINITY};
        for (SamplingParams params : new SamplingParams[]{SamplingParams.greedy(1), seeded(1),
                seeded(1).toBuilder().topP(0.9f).topK(2).typicalP(0.5f).minP(0.1f).build()}) {
            assertThat(Samplers.create(params, 4, new int[]{2}, null).sample(row.clone(), 0, 4)).isEqualTo(2);
        }
    }

    @Test
    void sample_hugeLogitsAndTinyTemperature_choosesTheLargest() {
        SamplingParams params = seeded(1).toBuilder().temperature(Float.MIN_VALUE).repetitionPenalty(0.01f).build();
        Sampler sampler = Samplers.create(params, 3, new int[]{0, 1, 2}, null);
        assertThat(sampler.sample(new float[]{-Float.MAX_VALUE, Float.MAX_VALUE, 5}, 0, 3)).isEqualTo(1);
    }

    @Test
    void sample_noFiniteLogit_failsAsInternal() {
        float[] row = {Float.NaN, Float.NEGATIVE_INFINITY};
        for (SamplingParams params : new SamplingParams[]{SamplingParams.greedy(1), seeded(1)}) {
            assertThatThrownBy(() -> Samplers.create(params, 2, new int[0], null).sample(row, 0, 2)).isInstanceOfSatisfying(
                    RealmException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL));
        }
    }

    @Test
    void lastLogProbs_wanted_areOfTheRawDistribution() {
        SamplingParams params = SamplingParams.greedy(1).toBuilder().logProbs(2).logitBias(Map.of(0, 50f)).build();
        Sampler sampler = Samplers.create(params, 3, new int[0], null);
        float[] row = {(float) Math.log(0.2), (float) Math.log(0.7), (float) Math.log(0.1)};
        assertThat(sampler.sample(row, 0, 3)).isZero();
        TokenLogProbs logProbs = sampler.lastLogProbs();
        assertThat(logProbs.token()).isZero();
        assertThat(logProbs.logProb()).isCloseTo((float) Math.log(0.2), within(1e-5f));
        assertThat(logProbs.topTokens()).containsExactly(1, 0);
        assertThat(logProbs.topLogProbs()[0]).isCloseTo((float) Math.log(0.7), within(1e-5f));
    }

    @Test
    void lastLogProbs_notWanted_areAbsent() {
        Sampler sampler = Samplers.create(SamplingParams.greedy(1), 3, new int[0], null);
        sampler.sample(new float[]{1, 2, 3}, 0, 3);
        assertThat(sampler.lastLogProbs()).isNull();
    }

    @Test
    void shifted_anyCountAndOffset_isTheExponentialOfEach() {
        for (int count : new int[]{1, 2, 7, 1023, 1024, 1025, 3000}) {
            float[] from = new float[count + 3];
            Random random = new Random(count);
            for (int i = 0; i < count; i++) {
                from[3 + i] = i == 0 ? 5 : i % 50 == 1 ? Float.NEGATIVE_INFINITY : 5 - random.nextFloat() * 120;
            }
            float[] to = new float[count];
            double sum = Exp.shifted(from, 3, to, count, 5, new int[Exp.BLOCK]);
            double expected = 0;
            for (int i = 0; i < count; i++) {
                double exact = Math.exp(from[3 + i] - 5.0);
                expected += exact;
                assertThat((double) to[i]).isCloseTo(exact, within(exact * 4e-7 + 1e-37));
            }
            assertThat(sum).isCloseTo(expected, within(expected * 1e-6));
        }
    }

    @Test
    void exp_wholeRange_isWithinFloatPrecision() {
        for (float x = -86; x <= 0; x += 0.0037f) {
            assertThat((double) Exp.exp(x)).isCloseTo(Math.exp(x), within(Math.exp(x) * 3e-7));
        }
        assertThat(Exp.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Exp.exp(0)).isEqualTo(1f);
    }
}
