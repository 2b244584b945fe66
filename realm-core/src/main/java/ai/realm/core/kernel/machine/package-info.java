/**
 * Kernels written as machine code by Java: an assembler, descriptions of weight layouts and tiles from which the code of each
 * variant is emitted, and the memory that the code runs in.
 *
 * <p>May use {@code core.kernel} and {@code core.tensor}; what it does not do itself it leaves to another provider. Code is
 * emitted once, by the thread that opens the provider. Emitted code runs on the kernel workers and checks nothing: its callers
 * do.
 */
@NullMarked
package ai.realm.core.kernel.machine;

import org.jspecify.annotations.NullMarked;
