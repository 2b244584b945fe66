/**
 * KV memory: blocks of positions, recurrent states, each sequence's table of them, and the prefix cache.
 *
 * <p>May use {@code core.model} and {@code core.kernel}. The engine thread alone touches it, so there are no locks; kernel
 * workers read the memory during a pass.
 */
@NullMarked
package ai.realm.runtime.kvcache;

import org.jspecify.annotations.NullMarked;
