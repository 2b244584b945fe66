package ai.realm.runtime.guest;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.TokenLogProbs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;

/**
 * The tokens of a request's last generation with their log-probabilities, as {@code realm_host_pieces} gives them to the guest: those
 * of what {@code on_token} was shown so far. The newest are kept, so that a long answer costs no more than a short one.
 */
final class TokenRecords {
    static final int KEPT = 4096;
    private static final int HEADER = 16;
    private static final int ALTERNATIVE = 8;
    /** The bit of {@code first} with which a guest asks for the alternatives. */
    private static final long WITH_ALTERNATIVES = 1L << 31;

    private record Entry(TokenLogProbs token, long end) {}

    private final ArrayDeque<Entry> kept = new ArrayDeque<>();
    private int alternatives;
    private long dropped;
    private long bytes;

    /** A generation begins, whose tokens come with so many alternatives. */
    void begin(int logProbs) {
        kept.clear();
        dropped = 0;
        bytes = 0;
        alternatives = logProbs == SamplingParams.NO_LOG_PROBS ? 0 : logProbs;
    }

    void add(String piece, List<TokenLogProbs> tokens) {
        bytes += Text.utf8(piece).length;
        for (TokenLogProbs t : tokens) {
            if (kept.size() == KEPT) {
                kept.removeFirst();
                dropped++;
            }
            kept.add(new Entry(t, bytes));
        }
    }

    /**
     * How many tokens there were; the records from {@code from} on are copied, whole ones as far as they fit. Their size is the
     * guest's choice: how many alternatives there are may be the client's, of which the guest need not know.
     */
    long copy(GuestMemory memory, long from, long dst, long max) {
        memory.require(dst, max, "destination");
        long first = from & ~WITH_ALTERNATIVES;
        int room = first == from ? 0 : alternatives;
        long count = dropped + kept.size();
        if (first < dropped || first > count) {
            throw new AbiException(AbiError.OUT_OF_BOUNDS,
                    "token " + first + " is not among those that are kept: " + dropped + " to "
                            + count);
        }
        int stride = HEADER + ALTERNATIVE * room;
        int wanted = (int) Math.min(count - first, max / stride);
        ByteBuffer out = ByteBuffer.allocate(wanted * stride).order(ByteOrder.LITTLE_ENDIAN);
        Iterator<Entry> entries = kept.iterator();
        for (long skip = first - dropped; skip > 0; skip--) {
            entries.next();
        }
        for (int i = 0; i < wanted; i++) {
            put(out.position(i * stride), entries.next(), room);
        }
        memory.write(dst, out.array(), "destination");
        return count;
    }

    private void put(ByteBuffer out, Entry entry, int room) {
        TokenLogProbs t = entry.token();
        int count = Math.min(room, t.topTokens().length);
        out.putInt(t.token()).putFloat(t.logProb()).putInt((int) entry.end()).putInt(count);
        for (int i = 0; i < count; i++) {
            out.putInt(t.topTokens()[i]).putFloat(t.topLogProbs()[i]);
        }
    }
}
