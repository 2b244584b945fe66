package ai.realm.server.accounts;

import java.time.Clock;
import java.time.Duration;

/** Which runs of guests' timetables were begun, so that of several servers one does each. Thread-safe. */
public final class GuestRuns {
    private final Database database;
    private final Clock clock;

    /** Whose a run is. */
    public enum Claim {
        /** This server's, which is to do it. */
        MINE,
        /** Nobody's: the one before has not ended. */
        SKIPPED,
        /** Done or begun already. */
        TAKEN
    }

    public GuestRuns(Database database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /** Notes a timetable that nobody knew: what was due before is not done any more. */
    public void note(String tenant, String name) {
        database.update("INSERT INTO guest_runs (tenant, name, due_ms, owner, lease_ms) VALUES (?, ?, ?, '', 0) "
                + "ON CONFLICT (tenant, name) DO NOTHING", tenant, name, database.millis(clock));
    }

    /**
     * Claims the run that was due at {@code dueMillis}; those before it that nobody did are over.
     *
     * @param most how long it may take: if its server is gone, the next run waits for so long
     */
    public Claim claim(String tenant, String name, long dueMillis, String owner, Duration most) {
        long now = database.millis(clock);
        int mine = database.update("UPDATE guest_runs SET due_ms = ?, owner = ?, lease_ms = ? "
                + "WHERE tenant = ? AND name = ? AND due_ms < ? AND lease_ms <= ?", dueMillis, owner, now + most.toMillis(),
                tenant,
                name, dueMillis, now);
        if (mine > 0) {
            return Claim.MINE;
        }
        int skipped = database.update("UPDATE guest_runs SET due_ms = ? WHERE tenant = ? AND name = ? AND due_ms < ?", dueMillis,
                tenant, name, dueMillis);
        return skipped > 0 ? Claim.SKIPPED : Claim.TAKEN;
    }

    /** The run of this owner has ended. */
    public void end(String tenant, String name, String owner) {
        database.update("UPDATE guest_runs SET lease_ms = 0 WHERE tenant = ? AND name = ? AND owner = ?", tenant, name, owner);
    }
}
