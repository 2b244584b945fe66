/** The kernels with {@code jdk.incubator.vector}, and the layouts of weights that they read. */
@NullMarked
package ai.realm.core.kernel.simd;

import org.jspecify.annotations.NullMarked;
