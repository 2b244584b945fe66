package ai.realm.server.cli.catalog;

import java.io.PrintWriter;
import java.util.Locale;

/** The progress of a transfer on one line of a terminal, or a line every tenth of it in a file. */
public final class TransferLine {
    private static final double MIB = 1 << 20;
    private static final long EVERY_NANOS = 200_000_000;

    private final PrintWriter err;
    private final boolean terminal;
    private final long start = System.nanoTime();
    private long first = -1;
    private long shownAt;
    private long shownTenth = -1;
    private boolean open;

    public TransferLine(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** @param total 0 when not known */
    public void at(long done, long total) {
        if (first < 0) {
            first = done;
        }
        long now = System.nanoTime();
        long tenth = total > 0 ? done * 10 / total : done >> 28;
        if (terminal ? now - shownAt < EVERY_NANOS && done != total : tenth == shownTenth) {
            return;
        }
        shownAt = now;
        shownTenth = tenth;
        open = terminal;
        err.print((terminal ? "\r" : "") + text(done, total, now) + (terminal ? "   " : System.lineSeparator()));
        err.flush();
    }

    private String text(long done, long total, long now) {
        double rate = (done - first) / MIB / Math.max(1e-3, (now - start) / 1e9);
        return total > 0
                ? String.format(Locale.ROOT, "%3d %%  %.1f of %.1f MiB  %.1f MiB/s", done * 100 / total, done / MIB, total / MIB,
                        rate)
                : String.format(Locale.ROOT, "%.1f MiB  %.1f MiB/s", done / MIB, rate);
    }

    /** Ends the line on a terminal. */
    public void end() {
        if (open) {
            err.println();
            open = false;
        }
    }
}
