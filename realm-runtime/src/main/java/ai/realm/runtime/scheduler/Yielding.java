package ai.realm.runtime.scheduler;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Who gives way to the sequence whose turn it is, when it lacks a place or memory. First come those whose readers are behind;
 * then, for an interactive sequence, its own tenant's batch. Last come sequences of tenants that hold more than their share, as
 * long as its own tenant holds less. What a sequence computed stays in the prefix cache meanwhile, so giving way costs little.
 * One that gave way {@value #MAX_YIELDS} times is left alone.
 */
final class Yielding {
    static final int MAX_YIELDS = 4;

    private final FairShare<TenantQueue> fair;
    private final List<Sequence> running;
    private final int maxRunning;
    private final int blocks;

    private static final Comparator<Sequence> FIRST_TO_GO = Comparator.<Sequence, Boolean>comparing(s -> !s.paused)
            .thenComparing(Comparator.<Sequence>comparingDouble(s -> Scheduler.tenantOf(s).counter).reversed())
            .thenComparing(s -> !s.spec().batch())
            .thenComparing(Comparator.comparingLong(Sequence::submittedNanos).reversed());

    Yielding(FairShare<TenantQueue> fair, List<Sequence> running, int maxRunning, int blocks) {
        this.fair = fair;
        this.running = running;
        this.maxRunning = maxRunning;
        this.blocks = blocks;
    }

    /**
     * @param wanted blocks that the head needs for itself
     * @param missingBlocks how many more must be free
     * @return those who give way; empty when none need to, or when it would not be enough
     */
    List<Sequence> victims(TenantQueue t, Sequence head, int wanted, int missingBlocks) {
        int missingPlaces = running.size() - maxRunning + 1;
        if (missingPlaces <= 0 && missingBlocks <= 0) {
            return List.of();
        }
        boolean places = missingPlaces <= 0 || t.running < fair.shareOf(t, maxRunning);
        boolean memory = missingBlocks <= 0 || t.blocks + wanted <= fair.shareOf(t, blocks);
        List<Sequence> order = new ArrayList<>(running);
        order.sort(FIRST_TO_GO);
        Map<TenantQueue, int[]> held = new HashMap<>();
        List<Sequence> out = new ArrayList<>();
        for (Sequence s : order) {
            if (missingPlaces <= 0 && missingBlocks <= 0) {
                break;
            }
            TenantQueue owner = Scheduler.tenantOf(s);
            int[] left = held.computeIfAbsent(owner, o -> new int[]{o.running, o.blocks});
            boolean over = places && memory && owner != t && overShare(owner, left, missingPlaces > 0);
            boolean lower = owner == t && s.spec().batch() && !head.spec().batch();
            if (s.paused || s.yields() < MAX_YIELDS && (over || lower)) {
                out.add(s);
                missingPlaces--;
                missingBlocks -= s.table().size();
                left[0]--;
                left[1] -= s.table().size();
            }
        }
        return missingPlaces <= 0 && missingBlocks <= 0 ? out : List.of();
    }

    private boolean overShare(TenantQueue owner, int[] left, boolean places) {
        return places ? left[0] > fair.shareOf(owner, maxRunning) : left[1] > fair.shareOf(owner, blocks);
    }
}
