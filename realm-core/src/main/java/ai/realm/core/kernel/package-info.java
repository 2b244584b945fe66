/** The {@link ai.realm.core.kernel.Kernels} interface, its checked facade and the choice of provider. */
@NullMarked
package ai.realm.core.kernel;

import org.jspecify.annotations.NullMarked;
