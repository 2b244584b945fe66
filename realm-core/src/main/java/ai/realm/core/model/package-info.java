/**
 * Model configuration, weights, one description for each architecture family, and the forward pass that it makes;
 * {@link ai.realm.core.model.KvView} is its port to KV memory.
 *
 * <p>May use {@code core.gguf}, {@code core.tensor} and {@code core.kernel}; products are made by {@code Linear} only. A model is
 * loaded by one thread. The engine thread alone makes its passes, as their scratch is the model's.
 */
@NullMarked
package ai.realm.core.model;

import org.jspecify.annotations.NullMarked;
