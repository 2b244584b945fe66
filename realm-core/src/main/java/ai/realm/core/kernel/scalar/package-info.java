/**
 * Every kernel as plain loops: the definition that the fast ones are compared with, never tuned.
 *
 * <p>May use {@code core.kernel} and {@code core.tensor}. Runs on the kernel workers' threads, each with rows of its own.
 */
@NullMarked
package ai.realm.core.kernel.scalar;

import org.jspecify.annotations.NullMarked;
