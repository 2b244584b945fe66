/**
 * Types, shapes and views of tensors in memory; no maths.
 *
 * <p>May use nothing of Realm but {@code core.error}. Everything is immutable; the memory that a view shows is its owner's, and
 * any thread may read it.
 */
@NullMarked
package ai.realm.core.tensor;

import org.jspecify.annotations.NullMarked;
