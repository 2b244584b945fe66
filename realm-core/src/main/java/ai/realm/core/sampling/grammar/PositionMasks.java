package ai.realm.core.sampling.grammar;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * For places in a grammar, what can be said of all tokens without knowing how the output came there: which ones go on within the
 * rule and the one that called it, and which depend on what comes after. Found when first wanted, and shared by all outputs of the
 * grammar. Thread-safe.
 */
final class PositionMasks {
    /** Bytes of masks that one grammar keeps; the others are made again each time. */
    private static final long MOST_BYTES = 16L << 20;

    /**
     * @param allowed a bit for each token that goes on
     * @param open indices, rising, of the tokens that depend on what comes after
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Mask(long[] allowed, int[] open) {}

    private final ConcurrentMap<Long, Mask> masks = new ConcurrentHashMap<>();
    private final AtomicInteger bytes = new AtomicInteger();

    /** @param place as {@link Automaton#place} numbers them */
    @Nullable
    Mask get(long place) {
        return masks.get(place);
    }

    void put(long place, Mask mask) {
        int size = Long.BYTES * mask.allowed.length + Integer.BYTES * mask.open.length + 64;
        if (bytes.get() + size <= MOST_BYTES && masks.putIfAbsent(place, mask) == null) {
            bytes.addAndGet(size);
        }
    }

    int bytes() {
        return bytes.get();
    }
}
