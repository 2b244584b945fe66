package ai.realm.core.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A thread that encodes a long text asks again and again whether it was interrupted, and ends when it was. */
class InterruptionTest {
    private static final int LENGTH = 100_000;

    /** Counts how often it is asked; from some time on the answer is yes. */
    private static final class Asked extends Thread {
        final AtomicInteger times = new AtomicInteger();
        final int patience;
        private Throwable thrown = new AssertionError("encoding ended by itself");

        Asked(int patience, Runnable encoding) {
            super(encoding);
            this.patience = patience;
            setUncaughtExceptionHandler((_, e) -> thrown = e);
        }

        @Override
        public boolean isInterrupted() {
            return times.incrementAndGet() > patience;
        }

        Throwable ended() throws InterruptedException {
            start();
            join();
            return thrown;
        }
    }

    private record Case(String name, Tokenizer tokenizer, String text) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        TestVocabs bpe = TestVocabs.bpe("gpt-2").merge("a", "a").merge("aa", "aa");
        TestVocabs spm = TestVocabs.spm().piece("a", 0).piece("aa", 1).piece("aaaa", 2);
        return Stream.of(new Case("bpe, one word", bpe.build(), "a".repeat(LENGTH)),
                new Case("bpe, many words", bpe.build(), "a ".repeat(LENGTH / 2)),
                new Case("bpe, nothing to match", bpe.build(), ".1".repeat(LENGTH / 2)),
                new Case("bpe, special tokens", TestVocabs.bpe("gpt-2").control("<s>").build(), "<s>".repeat(LENGTH)),
                new Case("spm", spm.build(), "a".repeat(LENGTH)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void longText_ofAThreadThatIsInterrupted_isNotEncodedToItsEnd(Case c) throws InterruptedException {
        for (int patience : new int[]{0, 50}) {
            Asked thread = new Asked(patience, () -> c.tokenizer().encode(c.text(), false, true));
            assertThat(thread.ended()).isInstanceOf(CancellationException.class);
            assertThat(thread.times).hasValue(patience + 1);
        }
    }
}
