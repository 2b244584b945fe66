/**
 * Models: mapped once, shared by leases, counted against a budget of memory, and evicted when no lease is open.
 *
 * <p>May use {@code core}; what runs a model it knows as {@code LoadedModel} only. Called by any thread; the lock is never held
 * while a model is read, drained or closed.
 */
@NullMarked
package ai.realm.runtime.store;

import org.jspecify.annotations.NullMarked;
