package ai.realm.runtime.scheduler;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The calls that wait in an {@link EmbeddingEngine} and which texts are computed next: always one of the tenant that has had the
 * least service by its weight, as {@link FairShare} does for sequences, so that a request of thousands of texts hardly delays
 * another tenant's single one. Calls of one tenant go in their order. Pure; one thread's.
 */
final class EmbeddingQueue {
    /** Texts in a pass at most. */
    static final int MAX_TEXTS = 64;
    private static final int PRUNE_ABOVE = 64;

    private final Map<String, Share> shares = new LinkedHashMap<>();
    /** The counter of the tenant that was served last. */
    private double served;

    /** A text of a call. */
    record Piece(EmbeddingCall call, int text) {
        int[] tokens() {
            return call.spec().texts().get(text);
        }
    }

    /** One tenant's calls and its weighted service so far. */
    private static final class Share {
        final Deque<EmbeddingCall> calls = new ArrayDeque<>();
        double weight = 1;
        double counter;
    }

    void add(EmbeddingCall call) {
        Share share = shares.get(call.spec().tenantId());
        if (share == null) {
            if (shares.size() >= PRUNE_ABOVE) {
                shares.values().removeIf(s -> s.calls.isEmpty() && s.counter <= floor());
            }
            share = new Share();
            shares.put(call.spec().tenantId(), share);
        }
        share.weight = call.spec().weight();
        if (share.calls.isEmpty()) {
            share.counter = Math.max(share.counter, floor());
        }
        share.calls.addLast(call);
    }

    /** Where a tenant begins that had nothing here: a pause earns nothing. */
    private double floor() {
        double least = Double.POSITIVE_INFINITY;
        for (Share s : shares.values()) {
            least = s.calls.isEmpty() ? least : Math.min(least, s.counter);
        }
        return least < Double.POSITIVE_INFINITY ? least : served;
    }

    void remove(EmbeddingCall call) {
        Share share = shares.get(call.spec().tenantId());
        if (share != null) {
            share.calls.remove(call);
        }
    }

    void forEach(Consumer<EmbeddingCall> each) {
        shares.values().forEach(s -> s.calls.forEach(each));
    }

    boolean isEmpty() {
        return shares.values().stream().allMatch(s -> s.calls.isEmpty());
    }

    /**
     * The texts of the next pass, taken from their calls; a call that has none left leaves the queue.
     *
     * @param budget tokens at most, but for a first text that is longer
     */
    List<Piece> pass(int budget) {
        List<Piece> pass = new ArrayList<>();
        int tokens = 0;
        for (Share s = least(); s != null && pass.size() < MAX_TEXTS; s = least()) {
            EmbeddingCall call = s.calls.getFirst();
            int length = call.spec().texts().get(call.next).length;
            if (!pass.isEmpty() && tokens + length > budget) {
                break;
            }
            pass.add(new Piece(call, call.next++));
            tokens += length;
            s.counter += length / s.weight;
            served = s.counter;
            if (call.next == call.spec().texts().size()) {
                s.calls.removeFirst();
            }
        }
        return pass;
    }

    private @Nullable Share least() {
        Share best = null;
        for (Share s : shares.values()) {
            if (!s.calls.isEmpty() && (best == null || s.counter < best.counter)) {
                best = s;
            }
        }
        return best;
    }
}
