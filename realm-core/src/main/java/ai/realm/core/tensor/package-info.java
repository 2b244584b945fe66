/** Types, shapes and views of tensors in memory; no maths. */
@NullMarked
package ai.realm.core.tensor;

import org.jspecify.annotations.NullMarked;
