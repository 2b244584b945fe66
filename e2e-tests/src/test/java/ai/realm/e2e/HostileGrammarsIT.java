package ai.realm.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A tenant whose grammars are as much work as they can be made, beside one that wants its tokens. */
@Timeout(300)
class HostileGrammarsIT {
    private static final int AT_ONCE = 8;
    private static final String LETTERS = "etaoinsh ";
    private static Api good;
    private static Api hostile;

    @BeforeAll
    static void start() {
        String url = TestServer.get().url();
        good = new Api(url, TestServer.ACME);
        hostile = new Api(url, TestServer.SUFFIX);
    }

    /** Hundreds of automata of two states, followed at once: every text of the letters leads to another set of states. */
    private static String splits(int count, long seed) {
        Random random = new Random(seed);
        StringBuilder root = new StringBuilder("root ::= a0");
        StringBuilder rules = new StringBuilder();
        for (int i = 0; i < count; i++) {
            StringBuilder x = new StringBuilder("e");
            StringBuilder y = new StringBuilder("t");
            LETTERS.chars().skip(2).forEach(c -> (random.nextBoolean() ? x : y).append((char) c));
            root.append(i == 0 ? "" : " | a" + i);
            rules.append(String.format(Locale.ROOT,
                    "a%1$d ::= [%2$s] b%1$d | [%3$s] a%1$d | \".\"%nb%1$d ::= [%2$s] a%1$d | [%3$s] b%1$d%n",
                    i, x, y));
        }
        return root + "\n" + rules;
    }

    @Test
    void goodTenant_besideHostileGrammars_keepsItsTokens() {
        ObjectNode question = Api.chat("Write a story about a river.").put("max_tokens", 60);
        good.chat(question);
        String text = good.chat(question).text();
        long start = System.nanoTime();
        assertThat(good.chat(question).text()).isEqualTo(text);
        double alone = (System.nanoTime() - start) / 1e9;
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger answers = new AtomicInteger();
        List<CompletableFuture<Void>> flood = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            int seed = i;
            flood.add(CompletableFuture.runAsync(() -> {
                for (int round = 0; !stop.get(); round++) {
                    Api.Answer a = hostile.chat(Api.chat("hi").put("grammar", splits(600, seed * 1000L + round)));
                    answers.incrementAndGet();
                    assertThat(a.status()).as(a.body()).isIn(200, 400, 429);
                    if (a.status() == 400) {
                        assertThat(a.errorMessage()).contains("too much work").contains("2000000");
                        assertThat(a.json().at("/error/param").asText()).isEqualTo("grammar");
                    }
                }
            }, r -> Thread.ofVirtual().start(r)));
        }
        while (answers.get() == 0 && flood.stream().noneMatch(CompletableFuture::isCompletedExceptionally)) {
            Thread.onSpinWait();
        }
        start = System.nanoTime();
        Api.Answer beside = good.chat(question);
        double seconds = (System.nanoTime() - start) / 1e9;
        stop.set(true);
        flood.forEach(CompletableFuture::join);
        assertThat(beside.text()).isEqualTo(text);
        // each of the nine computes its tokens, so that it cannot be as fast as alone; without bounds it took minutes
        assertThat(seconds).as("seconds for 60 tokens, alone %.2f", alone).isLessThan(12 * alone + 5);
    }
}
