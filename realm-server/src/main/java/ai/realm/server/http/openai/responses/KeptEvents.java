package ai.realm.server.http.openai.responses;

import ai.realm.server.sse.SseStream;
import java.util.ArrayList;
import java.util.List;

/** The newest events of one response, numbered from 0 in their order, as many as have so many bytes. Used under its run's lock. */
final class KeptEvents {
    private final long most;
    private final List<SseStream.Event> all = new ArrayList<>();
    /** How many at the beginning of {@link #all} are kept no more. */
    private int gone;
    /** The number of the first in {@link #all}. */
    private long offset;
    private long bytes;

    /** @param most bytes of data at most; the newest event is kept however long it is */
    KeptEvents(long most) {
        this.most = most;
    }

    void add(SseStream.Event event) {
        all.add(event);
        bytes += event.json().length;
        while (bytes > most && gone < all.size() - 1) {
            bytes -= all.get(gone).json().length;
            gone++;
        }
        if (gone > all.size() / 2) {
            // Rarely enough that an event costs the same however many there are.
            all.subList(0, gone).clear();
            offset += gone;
            gone = 0;
        }
    }

    long bytes() {
        return bytes;
    }

    /** The number of the first that is still kept. */
    long first() {
        return offset + gone;
    }

    /** The number that the next one gets. */
    long end() {
        return offset + all.size();
    }

    /**
     * Events from a number on, a copy.
     *
     * @param next {@link #first} to {@link #end}
     */
    List<SseStream.Event> from(long next, int count) {
        int start = Math.toIntExact(next - offset);
        return List.copyOf(all.subList(start, Math.min(all.size(), start + count)));
    }
}
