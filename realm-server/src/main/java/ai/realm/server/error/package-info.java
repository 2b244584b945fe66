/**
 * How errors look over HTTP: a status, a code and a body for each {@code ErrorCode}.
 *
 * <p>May use {@code core.error} only. Has no state, so any thread may use it.
 */
@NullMarked
package ai.realm.server.error;

import org.jspecify.annotations.NullMarked;
