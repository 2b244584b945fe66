/**
 * How errors look over HTTP: a status, a code and a body for each {@code ErrorCode}.
 *
 * <p>May use {@code core.error}, and {@code runtime.guest} for refusals of guests. Has no state, so any thread may use it.
 */
@NullMarked
package ai.realm.server.error;

import org.jspecify.annotations.NullMarked;
