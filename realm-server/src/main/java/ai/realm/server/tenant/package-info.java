/**
 * Who asks, and how much they may: callers, limits, permits and meters, their guests and what these store.
 *
 * <p>May use {@code server.domain}, {@code server.error}, {@code server.accounts} and {@code guest}. Called by all request
 * threads at once; each tenant's meter has a lock of its own that is held for moments.
 */
@NullMarked
package ai.realm.server.tenant;

import org.jspecify.annotations.NullMarked;
