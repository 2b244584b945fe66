/**
 * What is computed next, and for whom: the scheduler, a deterministic step from its state to a {@code StepPlan}, its sequences,
 * and the fair share of tenants.
 *
 * <p>May use {@code core} and {@code runtime.kvcache}. The engine thread alone runs it, so it has no locks; only a sequence's
 * token queue is read by another thread.
 */
@NullMarked
package ai.realm.runtime.scheduler;

import org.jspecify.annotations.NullMarked;
