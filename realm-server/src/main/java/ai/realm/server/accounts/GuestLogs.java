package ai.realm.server.accounts;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.FairShares;
import ai.realm.runtime.guest.GuestLines;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What guests have logged, for their tenants: the newest lines of each, of all servers on the database. Lines wait in memory until
 * {@link #flush}, so a guest never waits for a disk; of a flood the rest is left out, and said. Thread-safe.
 */
public final class GuestLogs implements GuestLines {
    private static final Logger LOG = LoggerFactory.getLogger(GuestLogs.class);
    /** Lines of a tenant that are kept. */
    public static final int KEPT = 1000;
    /** Lines that wait, of all tenants. */
    private static final int WAITING = 4000;

    private final Database database;
    private final InstantSource clock;
    private final FairShares places = new FairShares(WAITING);
    /** Each line holds a place. */
    private Map<String, List<Line>> waiting = new HashMap<>();
    private Map<String, Integer> dropped = new HashMap<>();

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
        synchronized (places) {
            if (places.tryTake(tenant, 1)) {
                waiting.computeIfAbsent(tenant, _ -> new ArrayList<>()).add(line);
            } else {
                dropped.merge(tenant, 1, Integer::sum);
            }
        }
    }

    /**
     * Puts what waits into the database; what it cannot take now waits on.
     *
     * @throws RealmException STORAGE_UNAVAILABLE
     */
    public void flush() {
        Map<String, List<Line>> lines;
        Map<String, Integer> left;
        synchronized (places) {
            lines = waiting;
            left = dropped;
            waiting = new HashMap<>();
            dropped = new HashMap<>();
        }
        Set<String> tenants = new TreeSet<>(lines.keySet());
        tenants.addAll(left.keySet());
        if (tenants.isEmpty()) {
            return;
        }
        try {
            database.atomically(() -> tenants.forEach(t -> keep(t, lines.getOrDefault(t, List.of()), left.get(t))));
        } catch (RuntimeException e) {
            if (!passes(e)) {
                keepEach(tenants, lines, left);
                return;
            }
            waitOn(lines, left);
            throw e;
        }
        lines.forEach((tenant, kept) -> places.giveBack(tenant, kept.size()));
    }

    /** What the database refuses of one tenant keeps no other's lines, and is not tried for ever. */
    private void keepEach(Set<String> tenants, Map<String, List<Line>> lines, Map<String, Integer> left) {
        for (String tenant : tenants) {
            List<Line> own = lines.getOrDefault(tenant, List.of());
            Integer over = left.get(tenant);
            try {
                database.atomically(() -> keep(tenant, own, over));
            } catch (RuntimeException e) {
                if (passes(e)) {
                    waitOn(Map.of(tenant, own), over == null ? Map.of() : Map.of(tenant, over));
                    continue;
                }
                LOG.error("lines of a tenant's log are lost tenant={} lines={} cause={}", tenant, own.size(), e.getMessage());
            }
            places.giveBack(tenant, own.size());
        }
    }

    private static boolean passes(RuntimeException e) {
        return e instanceof RealmException r && r.code() == ErrorCode.STORAGE_UNAVAILABLE;
    }

    private void waitOn(Map<String, List<Line>> lines, Map<String, Integer> left) {
        synchronized (places) {
            lines.forEach((tenant, old) -> waiting.merge(tenant, new ArrayList<>(old), (young, first) -> {
                first.addAll(young);
                return first;
            }));
            left.forEach((tenant, n) -> dropped.merge(tenant, n, Integer::sum));
        }
    }

    private void keep(String tenant, List<Line> lines, @Nullable Integer left) {
        lines.subList(Math.max(0, lines.size() - KEPT), lines.size()).forEach(l -> keep(tenant, l));
        if (left != null) {
            keep(tenant, new Line(0, clock.millis(), "", "", 1, left + " lines are left out, as they came too fast"));
        }
        database.update("DELETE FROM guest_logs WHERE tenant = ? AND seq <= (SELECT seq FROM guest_logs WHERE tenant = ? "
                + "ORDER BY seq DESC LIMIT 1 OFFSET ?)", tenant, tenant, KEPT);
    }

    private void keep(String tenant, Line l) {
        database.update("INSERT INTO guest_logs (tenant, at_ms, request_id, guest, level, line) VALUES (?, ?, ?, ?, ?, ?)",
                tenant,
                l.atMillis(), l.requestId(), l.guest(), l.level(), l.text());
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
