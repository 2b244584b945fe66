package ai.realm.server.accounts;

import ai.realm.runtime.guest.FairShares;
import ai.realm.runtime.guest.GuestLines;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What guests have logged, for their tenants: the newest lines of each, of all servers on the database. Lines wait in memory until
 * {@link #flush}, so a guest never waits for a disk; of a flood the rest is left out, and said. Thread-safe.
 */
public final class GuestLogs implements GuestLines {
    /** Lines of a tenant that are kept. */
    public static final int KEPT = 1000;
    /** Lines that wait, of all tenants. */
    private static final int WAITING = 4000;

    private final Database database;
    private final InstantSource clock;
    private final FairShares places = new FairShares(WAITING);
    private final Map<String, List<Line>> waiting = new HashMap<>();
    private final Map<String, Integer> dropped = new HashMap<>();

    /**
     * One line.
     *
     * @param seq goes up with each line; 0 for one that is not kept yet
     * @param guest the digest of the guest
     * @param level 0 error, 1 warning, 2 information, anything else debug
     */
    public record Line(long seq, long atMillis, String requestId, String guest, int level, String text) {}

    public GuestLogs(Database database, InstantSource clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public void line(String tenant, String requestId, String digest, int level, String text) {
        Line line = new Line(0, clock.millis(), requestId, digest, level, text);
        synchronized (waiting) {
            if (places.tryTake(tenant, 1)) {
                waiting.computeIfAbsent(tenant, _ -> new ArrayList<>()).add(line);
            } else {
                dropped.merge(tenant, 1, Integer::sum);
            }
        }
    }

    /**
     * Puts what waits into the database; what it does not take waits on.
     *
     * @throws ai.realm.core.error.RealmException STORAGE_UNAVAILABLE
     */
    public void flush() {
        Map<String, List<Line>> lines;
        synchronized (waiting) {
            dropped.forEach((tenant, n) -> waiting.computeIfAbsent(tenant, _ -> new ArrayList<>())
                    .add(new Line(0, clock.millis(), "", "", 1, n + " lines are left out, as they came too fast")));
            dropped.clear();
            lines = new HashMap<>(waiting);
            waiting.clear();
        }
        if (lines.isEmpty()) {
            return;
        }
        try {
            database.atomically(() -> lines.forEach(this::keep));
        } catch (RuntimeException e) {
            synchronized (waiting) {
                lines.forEach((tenant, old) -> waiting.merge(tenant, old, (young, first) -> {
                    List<Line> all = new ArrayList<>(first);
                    all.addAll(young);
                    return all;
                }));
            }
            throw e;
        }
        lines.forEach((tenant, gone) -> places.giveBack(tenant, gone.stream().filter(l -> !l.guest().isEmpty()).count()));
    }

    private void keep(String tenant, List<Line> lines) {
        for (Line l : lines.subList(Math.max(0, lines.size() - KEPT), lines.size())) {
            database.update("INSERT INTO guest_logs (tenant, at_ms, request_id, guest, level, line) VALUES (?, ?, ?, ?, ?, ?)",
                    tenant,
                    l.atMillis(), l.requestId(), l.guest(), l.level(), l.text());
        }
        database.update("DELETE FROM guest_logs WHERE tenant = ? AND seq <= (SELECT seq FROM guest_logs WHERE tenant = ? "
                + "ORDER BY seq DESC LIMIT 1 OFFSET ?)", tenant, tenant, KEPT);
    }

    /**
     * The newest lines of a tenant, newest first, those of this server's last moments included.
     *
     * @param after only those behind the line of this number
     */
    public List<Line> newest(String tenant, long after, int most) {
        flush();
        return database.query(
                r -> new Line(r.getLong(1), r.getLong(2), r.getString(3), r.getString(4), r.getInt(5), r.getString(6)),
                "SELECT seq, at_ms, request_id, guest, level, line FROM guest_logs WHERE tenant = ? AND seq > ? "
                        + "ORDER BY seq DESC LIMIT ?",
                tenant, after, most);
    }
}
