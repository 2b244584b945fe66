/**
 * GGUF bytes, mapped, parsed and checked into a {@link ai.realm.core.gguf.GgufFile}: metadata, tensors, models in several files.
 *
 * <p>May use {@code core.tensor}. Runs on the thread that loads a model. What was read is immutable; whoever opened the file
 * closes it.
 */
@NullMarked
package ai.realm.core.gguf;

import org.jspecify.annotations.NullMarked;
