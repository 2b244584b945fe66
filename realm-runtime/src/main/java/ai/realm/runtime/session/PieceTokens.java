package ai.realm.runtime.session;

import ai.realm.core.sampling.TokenLogProbs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which piece of text a token's log-probabilities go with: the one that the last of its characters is in. Those of a stop string that
 * was cut away go with none. Not thread-safe.
 */
final class PieceTokens {
    /** @param from characters before the token's own */
    private record Pending(TokenLogProbs token, long from, long to) {}

    private final Deque<Pending> pending = new ArrayDeque<>();
    private long made;
    private long shown;

    /** A token came that made so many characters. */
    void add(@Nullable TokenLogProbs token, int characters) {
        if (token != null) {
            pending.addLast(new Pending(token, made, made + characters));
        }
        made += characters;
    }

    /**
     * So many characters are shown next; the tokens that go with them.
     *
     * @param last whether nothing comes after them
     * @param cut whether a stop string did
     */
    List<TokenLogProbs> shown(int characters, boolean last, boolean cut) {
        shown += characters;
        if (pending.isEmpty() || characters == 0 && !last) {
            return List.of();
        }
        List<TokenLogProbs> out = new ArrayList<>();
        while (!pending.isEmpty() && goes(pending.getFirst(), last, cut)) {
            out.add(pending.removeFirst().token());
        }
        if (last) {
            drop();
        }
        return out;
    }

    private boolean goes(Pending p, boolean last, boolean cut) {
        return last ? !cut || p.from < shown : p.to <= shown;
    }

    /** Nothing more is shown. */
    void drop() {
        pending.clear();
    }
}
