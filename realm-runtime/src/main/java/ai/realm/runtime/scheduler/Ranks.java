package ai.realm.runtime.scheduler;

import java.util.Comparator;

/** In which order sequences get what a step has to give. */
final class Ranks {
    /** The most deserving first: those whose reader keeps up, of the tenant with the least service, interactive, the oldest. */
    static final Comparator<Sequence> DESERVING = Comparator.<Sequence, Boolean>comparing(s -> s.paused)
            .thenComparingDouble(s -> Scheduler.tenantOf(s).counter).thenComparing(s -> s.spec().batch())
            .thenComparingLong(Sequence::submittedNanos).thenComparing(s -> s.spec().requestId());
    /** The same, but of a tenant's sequences the one whose last token is the longest ago first. */
    static final Comparator<Sequence> TURN = Comparator.<Sequence, Boolean>comparing(s -> s.paused)
            .thenComparingDouble(s -> Scheduler.tenantOf(s).counter).thenComparing(s -> s.spec().batch())
            .thenComparingLong(s -> s.lastStep).thenComparing(DESERVING);

    private Ranks() {
    }
}
