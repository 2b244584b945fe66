package ai.realm.core.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Where the breakers of a history end, against the definition. */
class DryStageTest {
    private static int sinceBreaker(List<Integer> history, int limit, List<int[]> breakers) {
        List<Integer> window = history.subList(Math.max(0, history.size() - limit), history.size());
        for (int start = window.size() - 1; start >= 0; start--) {
            int longest = 0;
            for (int[] b : breakers) {
                boolean here = start + b.length <= window.size();
                for (int i = 0; here && i < b.length; i++) {
                    here = window.get(start + i) == b[i];
                }
                longest = here ? Math.max(longest, b.length) : longest;
            }
            if (longest > 0) {
                return window.size() - start - longest;
            }
        }
        return window.size();
    }

    @Test
    void sinceBreaker_randomHistoriesAndBreakers_isTheDefinition() {
        Random random = new Random(5);
        for (int run = 0; run < 300; run++) {
            int alphabet = 2 + random.nextInt(3);
            int limit = 1 + random.nextInt(20);
            List<int[]> breakers = new ArrayList<>();
            for (int i = random.nextInt(6); i >= 0; i--) {
                breakers.add(random.ints(random.nextInt(7), 0, alphabet).toArray());
            }
            DryStage stage = new DryStage(1, 2, 1, limit, breakers);
            List<Integer> history = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                int token = random.nextInt(alphabet);
                stage.accept(token);
                history.add(token);
                assertThat(stage.sinceBreaker()).isEqualTo(sinceBreaker(history, limit, breakers));
            }
        }
    }
}
