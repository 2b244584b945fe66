/**
 * Kernels written as machine code by Java: an assembler for the instructions that are needed, descriptions of weight layouts and tiles
 * from which the code of each variant is emitted, and the memory that the code runs in. May use {@code core.kernel} and
 * {@code core.tensor}; what it does not do itself it leaves to another provider's kernels.
 */
@NullMarked
package ai.realm.core.kernel.machine;

import org.jspecify.annotations.NullMarked;
