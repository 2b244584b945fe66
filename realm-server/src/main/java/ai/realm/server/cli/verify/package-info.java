/**
 * Conformance data run against the engine: one class for each kind of case, behind {@code ./realm verify}.
 *
 * <p>May use {@code core}. Cases run on the main thread; a malformed file on a thread of its own, with a bound of time and
 * memory.
 */
@NullMarked
package ai.realm.server.cli.verify;

import org.jspecify.annotations.NullMarked;
