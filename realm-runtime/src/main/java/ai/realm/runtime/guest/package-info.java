/**
 * The guest host: modules checked and compiled, instances, host imports, limits, and the governor of guests' processor time. It
 * is the only importer of Chicory.
 *
 * <p>May use {@code core.tokenizer}, {@code core.sampling}, {@code runtime.session} and {@code runtime.store}; a tenant's store,
 * settings and grants come through small ports. A guest runs on a platform thread of its own with a fixed stack. The watchdog
 * thread interrupts it; compilers have threads of their own.
 */
@NullMarked
package ai.realm.runtime.guest;

import org.jspecify.annotations.NullMarked;
