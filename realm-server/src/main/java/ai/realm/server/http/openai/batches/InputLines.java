package ai.realm.server.http.openai.batches;

import java.io.ByteArrayOutputStream;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The lines of a file that is read piece by piece: one piece and one line of it are in memory. Not thread-safe. */
final class InputLines {
    private final IntFunction<byte @Nullable []> pieces;
    private final long most;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private byte[] piece = new byte[0];
    private int at;
    private int next;
    private long length;
    private boolean ended;

    /**
     * @param pieces of the file by number; null after the last
     * @param most bytes of a line that are kept
     */
    InputLines(IntFunction<byte @Nullable []> pieces, long most) {
        this.pieces = pieces;
        this.most = most;
    }

    /** The next line, without its end; of one that is too long its beginning. Null after the last. */
    byte @Nullable [] next() {
        if (ended) {
            return null;
        }
        line.reset();
        length = 0;
        while (true) {
            int begin = at;
            while (at < piece.length && piece[at] != '\n') {
                at++;
            }
            length += at - begin;
            line.write(piece, begin, (int) Math.min(at - begin, Math.max(0, most - line.size())));
            if (at < piece.length) {
                at++;
                return line.toByteArray();
            }
            byte[] more = pieces.apply(next++);
            if (more == null) {
                ended = true;
                return line.toByteArray();
            }
            piece = more;
            at = 0;
        }
    }

    /** Bytes of the line that {@link #next} gave, also of what was not kept of it. */
    long length() {
        return length;
    }
}
