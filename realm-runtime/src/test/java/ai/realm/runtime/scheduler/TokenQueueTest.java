package ai.realm.runtime.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.TokenLogProbs;
import ai.realm.runtime.engine.Engines;
import ai.realm.runtime.scheduler.TokenQueue.Taken;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TokenQueueTest {
    private final int[] token = new int[1];

    private int take(TokenQueue q) throws InterruptedException {
        assertThat(q.take(token, Engines.FOREVER)).isEqualTo(Taken.TOKEN);
        return token[0];
    }

    @Test
    void full_untilHalfIsRead_callsOnRoomOnce() throws Exception {
        TokenQueue q = new TokenQueue(4);
        AtomicInteger rooms = new AtomicInteger();
        q.onRoom(rooms::incrementAndGet);
        for (int i = 0; i < 4; i++) {
            assertThat(q.full()).isFalse();
            q.offer(i, null);
        }
        assertThat(q.full()).isTrue();
        assertThatThrownBy(() -> q.offer(9, null)).isInstanceOf(IllegalStateException.class);
        assertThat(take(q)).isEqualTo(0);
        assertThat(q.full()).isTrue();
        assertThat(take(q)).isEqualTo(1);
        assertThat(q.full()).isFalse();
        assertThat(take(q) + take(q)).isEqualTo(5);
        assertThat(rooms.get()).isEqualTo(1);
    }

    @Test
    void take_readerWaitedBeforeTheQueueBecameFull_stillCallsOnRoom() throws Exception {
        TokenQueue q = new TokenQueue(1);
        CountDownLatch room = new CountDownLatch(1);
        q.onRoom(room::countDown);
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                q.take(new int[1], Engines.FOREVER);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        while (reader.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        q.offer(1, null);
        room.await();
        assertThat(q.full()).isFalse();
    }

    @Test
    void end_afterTokens_isReadAfterThem() throws Exception {
        TokenQueue q = new TokenQueue(4);
        TokenLogProbs logProbs = new TokenLogProbs(7, -1, new int[0], new float[0]);
        q.offer(7, logProbs);
        assertThat(q.end(Ending.Kind.LENGTH, null)).isTrue();
        assertThat(q.offer(8, null)).isFalse();
        assertThat(take(q)).isEqualTo(7);
        assertThat(q.logProbs()).isSameAs(logProbs);
        assertThat(q.take(token, 0)).isEqualTo(Taken.END);
        assertThat(q.ending()).isEqualTo(new Ending(Ending.Kind.LENGTH, 1, null));
    }

    @Test
    void abort_dropsUnreadTokensButCountsThem() throws Exception {
        TokenQueue q = new TokenQueue(4);
        q.offer(7, null);
        q.offer(8, null);
        take(q);
        assertThat(q.abort(Ending.Kind.CANCELLED, new RealmException(ErrorCode.CANCELLED, "gone"))).isTrue();
        assertThat(q.abort(Ending.Kind.ERROR, null)).isFalse();
        assertThat(q.take(token, 0)).isEqualTo(Taken.END);
        assertThat(q.ending()).isNotNull().extracting(Ending::generatedTokens).isEqualTo(2);
    }

    @Test
    void endByReader_countsWhatWasReadEvenIfTheEngineEndedFurtherOn() throws Exception {
        TokenQueue q = new TokenQueue(4);
        q.offer(7, null);
        q.offer(8, null);
        q.end(Ending.Kind.LENGTH, null);
        take(q);
        q.endByReader();
        assertThat(q.ending()).isEqualTo(new Ending(Ending.Kind.STOP, 1, null));
        assertThat(q.take(token, 0)).isEqualTo(Taken.END);
    }

    @Test
    void take_nothingInTime_isTimeout() throws Exception {
        assertThat(new TokenQueue(1).take(token, 1)).isEqualTo(Taken.TIMEOUT);
    }
}
