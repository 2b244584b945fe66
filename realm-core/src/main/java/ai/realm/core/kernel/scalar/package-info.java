/** Every kernel as plain loops: the definition that the fast ones are compared with, never tuned. */
@NullMarked
package ai.realm.core.kernel.scalar;

import org.jspecify.annotations.NullMarked;
