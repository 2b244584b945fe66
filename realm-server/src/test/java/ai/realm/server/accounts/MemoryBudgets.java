package ai.realm.server.accounts;

import java.util.HashMap;
import java.util.Map;

/** Budgets in memory, on a clock that a test sets. Thread-safe. */
public final class MemoryBudgets implements Budgets {
    private final Map<String, Budget.State> states = new HashMap<>();
    private long now = 1_000_000;
    private long accounted;

    @Override
    public synchronized Budget.Answer exchange(String tenant, Budget.Order order) {
        Budget budget = new Budget(states.get(tenant));
        Budget.Answer answer = budget.exchange(now, order, () -> accounted);
        states.put(tenant, budget.state());
        return answer;
    }

    public synchronized void pass(long millis) {
        now += millis;
    }

    /** What accounts have of the day. */
    public synchronized void accounted(long tokens) {
        accounted = tokens;
    }
}
