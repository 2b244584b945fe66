package ai.realm.server.http.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ThreadsTest {
    @Test
    void join_ofManyThatDoNotEnd_takesTheLimitOnce() {
        CountDownLatch end = new CountDownLatch(1);
        List<Thread> all = IntStream.range(0, 200).mapToObj(_ -> Thread.ofVirtual().start(() -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        })).toList();
        long start = System.nanoTime();
        Threads.join(all, Duration.ofMillis(50));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).as("not 200 times").isBetween(Duration.ofMillis(49),
                Duration.ofSeconds(5));
        end.countDown();
        Threads.join(all, Duration.ofSeconds(20));
        assertThat(all).noneMatch(Thread::isAlive);
    }
}
