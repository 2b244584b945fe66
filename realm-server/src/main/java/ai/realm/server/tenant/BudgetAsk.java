package ai.realm.server.tenant;

import ai.realm.server.accounts.Amounts;
import ai.realm.server.accounts.Budget.Kind;
import ai.realm.server.domain.TenantLimits;
import java.util.concurrent.CompletableFuture;

/** What one request waits for until its meter has it or knows that it cannot have it. Guarded by the meter. */
final class BudgetAsk {
    final TenantLimits limits;
    final Amounts amounts;
    /** Whether the request begins, which needs that the day's tokens are not used up. */
    final boolean begins;
    final CompletableFuture<Boolean> done = new CompletableFuture<>();
    /** By the system's nanosecond clock. */
    long notBefore;
    int tries;

    BudgetAsk(TenantLimits limits, Amounts amounts, boolean begins) {
        this.limits = limits;
        this.amounts = amounts;
        this.begins = begins;
    }

    /** More than a minute's worth waits for a minute's worth. */
    long needed(Kind k) {
        return k == Kind.TOKENS ? Math.min(amounts.tokens(), limits.tokensPerMinute()) : amounts.of(k);
    }
}
