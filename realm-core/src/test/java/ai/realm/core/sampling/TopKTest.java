package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TopKTest {
    private static void check(float[] values, int k) {
        TopK top = new TopK();
        top.gather(values, values.length, k);
        Integer[] order = new Integer[values.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> values[a] != values[b] ? Float.compare(values[b], values[a]) : Integer.compare(a, b));
        for (int i = 0; i < k; i++) {
            assertThat(top.index(i)).as("place %d of %d among %d", i, k, values.length).isEqualTo(order[i]);
            assertThat(top.value(i)).isEqualTo(values[order[i]]);
        }
    }

    @Test
    void gather_randomSizes_equalsAFullSort() {
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            float[] values = new float[1 + random.nextInt(3000)];
            float spread = (float) Math.pow(10, random.nextInt(9) - 4);
            int distinct = 1 + random.nextInt(50);
            for (int i = 0; i < values.length; i++) {
                values[i] = round % 2 == 0 ? (float) random.nextGaussian() * spread : random.nextInt(distinct) * spread;
            }
            check(values, 1 + random.nextInt(values.length));
        }
    }

    @Test
    void gather_extremes_areOrdered() {
        check(new float[]{0f, -0f, Float.NEGATIVE_INFINITY, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, 1, -1,
                Float.POSITIVE_INFINITY}, 9);
    }
}
