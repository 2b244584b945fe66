package ai.realm.runtime.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
    @Test
    void accept_partialStopString_isHeldBackUntilItIsNone() {
        StopMatcher m = new StopMatcher(List.of("END"));
        assertThat(m.accept("the E")).isEqualTo("the ");
        assertThat(m.accept("N")).isEmpty();
        assertThat(m.accept("EN")).isEqualTo("EN");
        assertThat(m.accept("t")).isEqualTo("ENt");
        assertThat(m.found()).isFalse();
    }

    @Test
    void accept_stopStringAcrossPieces_endsBeforeIt() {
        StopMatcher m = new StopMatcher(List.of("END"));
        assertThat(m.accept("the E") + m.accept("N") + m.accept("D of it")).isEqualTo("the ");
        assertThat(m.found()).isTrue();
        assertThat(m.foundString()).isNotEmpty();
        assertThat(m.accept("more") + m.finish()).isEmpty();
    }

    @Test
    void accept_repetitiveStopString_fallsBackToItsLongestBorder() {
        StopMatcher m = new StopMatcher(List.of("aabaac"));
        assertThat(m.accept("aabaabaac!")).isEqualTo("aab");
        assertThat(m.found()).isTrue();
    }

    @Test
    void finish_heldBackText_isGiven() {
        StopMatcher m = new StopMatcher(List.of("END"));
        assertThat(m.accept("EN")).isEmpty();
        assertThat(m.finish()).isEqualTo("EN");
    }

    @Test
    void accept_severalStopStrings_theOneCompleteFirstWins() {
        StopMatcher m = new StopMatcher(List.of("abcd", "c"));
        assertThat(m.accept("xabcd")).isEqualTo("xab");
    }

    @Test
    void accept_twoCompleteAtOnce_theLongerWins() {
        StopMatcher m = new StopMatcher(List.of("c", "abc"));
        assertThat(m.accept("xabc")).isEqualTo("x");
    }

    @Test
    void accept_anyCutIntoPieces_givesTheSameText() {
        Random random = new Random(42);
        for (int round = 0; round < 2000; round++) {
            List<String> stops = List.of(letters(random, 1 + random.nextInt(4)), letters(random, 1 + random.nextInt(5)));
            String text = letters(random, 30);
            String expected = cut(text, stops);
            StopMatcher m = new StopMatcher(stops);
            StringBuilder got = new StringBuilder();
            for (int i = 0; i < text.length();) {
                int n = Math.min(text.length() - i, 1 + random.nextInt(4));
                got.append(m.accept(text.substring(i, i + n)));
                i += n;
            }
            got.append(m.finish());
            assertThat(got.toString()).as("%s in %s", stops, text).isEqualTo(expected);
        }
    }

    private static String letters(Random random, int n) {
        return random.ints(n, 'a', 'd').collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static String cut(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            String head = text.substring(0, end);
            int longest = stops.stream().filter(head::endsWith).mapToInt(String::length).max().orElse(0);
            if (longest > 0) {
                return head.substring(0, end - longest);
            }
        }
        return text;
    }

    /** The states of Knuth, Morris and Pratt make the time linear; a scan from each character on would take hours here. */
    @Test
    void accept_manyLongStopsThatAlmostMatch_areFoundWhereTheyEnd() {
        List<String> stops = new java.util.ArrayList<>();
        for (int i = 0; i < 64; i++) {
            stops.add("a".repeat(1000 + i) + "b");
        }
        StopMatcher m = new StopMatcher(stops);
        StringBuilder got = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            got.append(m.accept("a".repeat(1000)));
        }
        got.append(m.accept("b"));
        assertThat(m.found()).isTrue();
        assertThat(got).hasToString("a".repeat(200_000 - 1063));
    }
}
