/**
 * What kernels do ({@link ai.realm.core.kernel.Kernels}), the checked facade that passes call, the choice of provider, the worker
 * pool, and the warm-up of kernels before a model is there.
 *
 * <p>May use {@code core.tensor}; providers are found as services and never named here. One engine thread at a time calls the
 * facade; the pool's workers run parts of a region between two barriers.
 */
@NullMarked
package ai.realm.core.kernel;

import org.jspecify.annotations.NullMarked;
