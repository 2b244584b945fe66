package ai.realm.runtime.engine;

import ai.realm.runtime.scheduler.FairShare;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The calls that wait in an {@link EmbeddingEngine} and which texts are computed next: always one of the tenant that has had the
 * least service, so that a request of thousands of texts hardly delays another tenant's single one. Calls of one tenant go in their
 * order. Deterministic; one thread's.
 */
final class EmbeddingQueue {
    /** Texts in a pass at most. */
    static final int MAX_TEXTS = 64;

    private final FairShare<Calls> fair = new FairShare<>(Calls::new);

    /** A text of a call. */
    record Piece(EmbeddingCall call, int text) {
        int[] tokens() {
            return call.spec().texts().get(text);
        }
    }

    /** One tenant's calls. */
    private static final class Calls extends FairShare.Share {
        final Deque<EmbeddingCall> calls = new ArrayDeque<>();

        Calls(String tenantId) {
            super(tenantId);
        }

        @Override
        protected int waiting() {
            return calls.size();
        }

        @Override
        protected int running() {
            return 0;
        }
    }

    void add(EmbeddingCall call) {
        fair.arrive(call.spec().tenantId(), call.spec().weight()).calls.addLast(call);
    }

    void remove(EmbeddingCall call) {
        Calls share = fair.of(call.spec().tenantId());
        if (share != null && share.calls.remove(call)) {
            fair.left(share);
        }
    }

    boolean isEmpty() {
        return fair.waiting() == 0;
    }

    /**
     * The texts of the next pass, taken from their calls; a call that has none left leaves the queue.
     *
     * @param budget tokens at most, but for a first text that is longer
     */
    List<Piece> pass(int budget) {
        List<Piece> pass = new ArrayList<>();
        int tokens = 0;
        for (Calls s = fair.least(c -> !c.calls.isEmpty()); s != null && pass.size() < MAX_TEXTS; s = fair.least(
                c -> !c.calls.isEmpty())) {
            EmbeddingCall call = s.calls.getFirst();
            int length = call.spec().texts().get(call.next).length;
            if (!pass.isEmpty() && tokens + length > budget) {
                break;
            }
            pass.add(new Piece(call, call.next++));
            tokens += length;
            fair.charge(s, length);
            if (call.next == call.spec().texts().size()) {
                s.calls.removeFirst();
                fair.left(s);
            }
        }
        return pass;
    }
}
