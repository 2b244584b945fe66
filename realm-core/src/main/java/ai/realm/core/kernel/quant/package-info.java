/**
 * What the bytes of every GGUF tensor type mean, as plain loops: the exact values that packed weights stand for; and how
 * weights are packed into them.
 *
 * <p>May use {@code core.tensor}. Has no state, so any thread may use it.
 */
@NullMarked
package ai.realm.core.kernel.quant;

import org.jspecify.annotations.NullMarked;
