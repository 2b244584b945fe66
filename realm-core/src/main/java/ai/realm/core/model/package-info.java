/** Model configuration, weights, one forward pass per architecture family, and the {@link ai.realm.core.model.KvView} port. */
@NullMarked
package ai.realm.core.model;

import org.jspecify.annotations.NullMarked;
