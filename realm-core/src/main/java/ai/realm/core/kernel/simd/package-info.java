/**
 * The kernels with {@code jdk.incubator.vector}, and the layouts of weights that they read; docs/kernels.md explains them.
 *
 * <p>May use {@code core.kernel}, its definitions of types, and {@code core.tensor}; it is the only importer of the Vector API.
 * Runs on the kernel workers; each thread has scratch of its own, in which nothing lives longer than a call.
 */
@NullMarked
package ai.realm.core.kernel.simd;

import org.jspecify.annotations.NullMarked;
