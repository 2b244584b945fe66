package ai.realm.runtime.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.runtime.engine.EmbeddingQueue.Piece;
import ai.realm.runtime.scheduler.StepLog;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingQueueTest {
    private static EmbeddingCall call(String tenant, double weight, int texts, int length) {
        List<int[]> ids = new ArrayList<>(Collections.nCopies(texts, new int[length]));
        return new EmbeddingCall(new EmbeddingSpec("r", tenant, weight, ids, Long.MAX_VALUE, StepLog.NONE), 0);
    }

    private static long of(List<Piece> pass, EmbeddingCall call) {
        return pass.stream().filter(p -> p.call() == call).count();
    }

    @Test
    void pass_ofOneCall_takesItsTextsInOrderWithinTheBudget() {
        EmbeddingQueue queue = new EmbeddingQueue();
        EmbeddingCall call = call("a", 1, 5, 10);
        queue.add(call);
        assertThat(queue.pass(25)).containsExactly(new Piece(call, 0), new Piece(call, 1));
        assertThat(queue.pass(25)).containsExactly(new Piece(call, 2), new Piece(call, 3));
        assertThat(queue.pass(25)).containsExactly(new Piece(call, 4));
        assertThat(queue.pass(25)).isEmpty();
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void pass_withATextLongerThanTheBudget_takesItAlone() {
        EmbeddingQueue queue = new EmbeddingQueue();
        EmbeddingCall call = call("a", 1, 2, 100);
        queue.add(call);
        assertThat(queue.pass(25)).containsExactly(new Piece(call, 0));
        assertThat(queue.pass(25)).containsExactly(new Piece(call, 1));
    }

    @Test
    void pass_withManyShortTexts_isBounded() {
        EmbeddingQueue queue = new EmbeddingQueue();
        queue.add(call("a", 1, 500, 1));
        assertThat(queue.pass(10_000)).hasSize(EmbeddingQueue.MAX_TEXTS);
    }

    @Test
    void pass_withAThousandTextsOfAnother_servesTheNewcomerNext() {
        EmbeddingQueue queue = new EmbeddingQueue();
        queue.add(call("flood", 1, 1000, 10));
        for (int i = 0; i < 50; i++) {
            queue.pass(20);
        }
        EmbeddingCall small = call("quiet", 1, 1, 10);
        queue.add(small);
        assertThat(of(queue.pass(20), small)).isEqualTo(1);
    }

    @Test
    void passes_ofTwoTenants_areSharedByWeight() {
        EmbeddingQueue queue = new EmbeddingQueue();
        EmbeddingCall light = call("light", 1, 400, 5);
        EmbeddingCall heavy = call("heavy", 3, 400, 5);
        queue.add(light);
        queue.add(heavy);
        long ofLight = 0;
        long ofHeavy = 0;
        for (int i = 0; i < 40; i++) {
            List<Piece> pass = queue.pass(40);
            ofLight += of(pass, light);
            ofHeavy += of(pass, heavy);
        }
        assertThat(ofHeavy).isBetween(3 * ofLight - 4, 3 * ofLight + 4);
    }

    @Test
    void add_afterAPause_earnsNothing() {
        EmbeddingQueue queue = new EmbeddingQueue();
        queue.add(call("early", 1, 1, 10));
        queue.pass(10);
        EmbeddingCall worker = call("worker", 1, 1000, 10);
        queue.add(worker);
        for (int i = 0; i < 100; i++) {
            queue.pass(10);
        }
        EmbeddingCall back = call("early", 1, 100, 10);
        queue.add(back);
        long ofBack = 0;
        for (int i = 0; i < 20; i++) {
            ofBack += of(queue.pass(10), back);
        }
        assertThat(ofBack).isBetween(9L, 11L);
    }

    @Test
    void remove_ofACall_takesItsRestAway() {
        EmbeddingQueue queue = new EmbeddingQueue();
        EmbeddingCall call = call("a", 1, 5, 10);
        queue.add(call);
        queue.pass(10);
        queue.remove(call);
        assertThat(queue.pass(10)).isEmpty();
    }
}
